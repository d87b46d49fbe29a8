// Work of a pool runs in the async context of its own request, and work of no request in none.

import { AsyncLocalStorage } from 'node:async_hooks'
import { threads } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { pool as nesting } from '../fixtures/threads/behaviour-context-called.ts'
import { served } from '../raw/served.ts'
import { ask, hosted } from './behaviour-host.ts'
import type { EventApp, Log } from 'isthmus'

const APP = new URL('../fixtures/threads/hostile-app.js', import.meta.url)
const SLOW = new URL('../fixtures/threads/pool-app.js', import.meta.url)
const path = new AsyncLocalStorage<string>()

/** Each request runs in a context of its own; `look` is called as soon as the request goes to a thread. */
function looking(app: EventApp, look: (of: string) => void): EventApp {
  return (scope, receive, send) => {
    if (scope.type !== 'http') return app(scope, receive, send)
    const own = scope.path + scope.queryString
    const given = Object.defineProperty({ ...scope }, 'seen', {
      enumerable: true,
      get() {
        look(own)
        return 'seen'
      },
    })
    return path.run(own, () => app(given, receive, send))
  }
}

describe('the async context', { timeout: 60_000 }, () => {
  it('of a queued request is its own, not that of the request that freed the thread', async () => {
    const seen: Array<[string, string | undefined]> = []
    const app = looking(threads(SLOW, { max: 1 }), (own) => seen.push([own, path.getStore()]))
    await using server = await served(app, { lifespan: 'on' })
    const get = (query: string): Promise<Response> => fetch(`${server.server.url}/burn/50?${query}`)
    await Promise.all(['', '', '', ''].map((_, at) => get(`/dev/null#${at}`)))
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => fetch(`${server.server.url}/burn-${name}`)),
    )
    expect(seen.length).toBeGreaterThanOrEqual(8)
    expect(seen.filter(([own, found]) => own !== found)).toEqual([])
  })

  it('of the request that opens a pool does not reach the log lines of later ones', async () => {
    const seen: Array<string | undefined> = []
    const line = (): void => void seen.push(path.getStore())
    const log: Log = { debug: () => undefined, info: () => undefined, warn: line, error: line }
    const app = looking(threads(APP, { max: 1, timeoutMs: 300 }), () => undefined)
    await using server = await served(app, { lifespan: 'off', log })
    await (await fetch(`${server.server.url}/well`)).text()
    await (await fetch(`${server.server.url}/exitLoops`)).text()
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.filter((found) => found === '/well')).toEqual([])
  })

  it('of a request that calls out of a thread does not reach a request nested in it', async () => {
    await using server = await hosted(nesting)
    expect(await ask(server, { target: '/' })).toBe('undefined')
  })
})
