// Code in a thread, and middleware around it, that breaks the rules harms its own request only.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { threads } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { served } from '../raw/served.ts'
import type { EventApp, ThreadOptions } from 'isthmus'
import type { Served } from '../raw/served.ts'

const APP = new URL('../fixtures/threads/hostile-app.js', import.meta.url)

function pool(options: ThreadOptions = {}, around = (app: EventApp) => app): Promise<Served> {
  return served(around(threads(APP, { max: 1, ...options })), { lifespan: 'on', graceMs: 5_000 })
}

async function ask({ server }: Served, path: string): Promise<string> {
  const signal = AbortSignal.timeout(30_000)
  const response = await fetch(server.url + path, { signal, headers: { connection: 'close' } })
  return `${response.status} ${response.status === 200 ? await response.text() : ''}`
}

describe('an app in a thread', { timeout: 60_000 }, () => {
  it('harms no request by messages on parentPort, and the log names the cause once', async () => {
    await using server = await pool()
    for (const name of ['text', 'null', 'empty', 'cells', 'done']) {
      expect(await ask(server, `/post/${name}`)).toBe('200 well')
    }
    expect(await ask(server, '/flood')).toBe('200 well')
    expect(await ask(server, '/')).toBe('200 well')
    const lines = server.lines.filter((line) => line.includes('parentPort'))
    expect(lines).toEqual([
      'warn: the app has sent a message on parentPort: a pool does not listen there',
    ])
  })

  it('finds no way to the messages and the memory of its pool', async () => {
    await using server = await pool()
    expect(await ask(server, '/workerData')).toBe('200 {}')
    expect(await ask(server, '/closePort')).toBe('200 well')
    expect(await ask(server, '/')).toBe('200 well')
  })

  it('may emit events on process, and remove all listeners there', async () => {
    await using server = await pool()
    expect(await ask(server, '/emit')).toBe('200 well')
    expect(await ask(server, '/send')).toBe('200 undefined')
    expect(await ask(server, '/')).toBe('200 well')
  })

  it('that throws a number while its thread exits is answered with 500', async () => {
    await using server = await pool({ timeoutMs: 10_000 })
    expect(await ask(server, '/exitThrows')).toBe('500 ')
    expect(await ask(server, '/')).toBe('200 well')
  })

  it('that loops while its thread exits is answered with 504', async () => {
    await using server = await pool({ timeoutMs: 500 })
    expect(await ask(server, '/exitLoops')).toBe('504 ')
    expect(await ask(server, '/')).toBe('200 well')
  })

  it('that garbles the messages of its thread loses the thread, and nothing else', async () => {
    await using server = await pool()
    expect(await ask(server, '/garble')).toBe('500 ')
    expect(await ask(server, '/')).toBe('200 well')
    expect(server.lines.join('\n')).toContain('the thread has broken the protocol of its pool')
  })
})

describe('a scope that cannot cross', { timeout: 60_000 }, () => {
  const around =
    (app: EventApp): EventApp =>
    (scope, receive, send) => {
      if (scope.type !== 'http') return app(scope, receive, send)
      const given = { ...scope }
      if (scope.path === '/symbol') given.method = Symbol('GET') as never
      if (scope.path === '/headers') given.headers = 7 as never
      if (scope.path === '/getter') {
        Object.defineProperty(given, 'user', {
          enumerable: true,
          get() {
            throw new Error('no user')
          },
        })
      }
      if (scope.path === '/state') {
        Object.defineProperty(given.state, 'user', {
          enumerable: true,
          get() {
            throw new Error('no user')
          },
        })
      }
      return app(given, receive, send)
    }

  it('fails its own request, also when it had to wait in the queue', async () => {
    await using server = await pool({}, around)
    const paths = Array.from(
      { length: 40 },
      (_, at) => ['/', '/symbol', '/', '/getter', '/', '/headers', '/', '/state'][at % 8] as string,
    )
    const answers = await Promise.all(paths.map((path) => ask(server, path)))
    expect(answers).toEqual(paths.map((path) => (path === '/' ? '200 well' : '500 ')))
    expect(server.lines.join('\n')).not.toContain('thread ended')
  })
})

describe('many tiny pieces', { timeout: 60_000 }, () => {
  it('of a response do not hold the event loop: each turn takes a bounded number', async () => {
    const events = { all: 0, inTurn: 0, most: 0 }
    const endTurn = (): void => void (events.inTurn = 0)
    const counting =
      (app: EventApp): EventApp =>
      (scope, receive, send) =>
        app(scope, receive, (event) => {
          if (events.inTurn === 0) setImmediate(endTurn)
          events.all += 1
          events.inTurn += 1
          events.most = Math.max(events.most, events.inTurn)
          return send(event)
        })
    await using server = await pool({}, counting)
    const body = await ask(server, '/tiny/300000')
    expect(body.length).toBe(4 + 300_000)
    expect(body.slice(4, 10)).toBe('éxxéxx')
    expect(events.all).toBeLessThan(150_000)
    expect(events.most).toBeLessThan(2_000)
  })

  it('reach a client that reads before the app goes on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-tiny-'))
    const file = join(folder, 'go')
    await using server = await pool()
    const response = await fetch(`${server.server.url}/tinyThenWait/20000?${file}`, {
      signal: AbortSignal.timeout(30_000),
    })
    let text = ''
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString()
      if (text.length === 20_000) writeFileSync(file, '')
    }
    expect(text).toBe(`${'x'.repeat(20_000)}end`)
    rmSync(folder, { recursive: true })
  })
})
