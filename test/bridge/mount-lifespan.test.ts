import { describe, expect, it } from 'vitest'
import { startLifespan } from '../../src/async/lifespan.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { mount } from '../../src/bridge/mount.ts'
import { AppLoadError, LifespanError, UnsupportedScopeError } from '../../src/errors.ts'
import { threads } from '../../src/hosting/threads.ts'
import { failureOf, Host, httpScope, recordingLog } from './host.ts'
import type { Lifespan } from '../../src/async/lifespan.ts'
import type { MountTable } from '../../src/bridge/mount.ts'
import type { SyncApp } from '../../src/contract/environ.ts'
import type { EventApp } from '../../src/contract/events.ts'
import type { Log } from '../../src/contract/log.ts'

/** An app that records its start and its stop, and puts its name into its state. */
const living =
  (name: string, journal: string[], seen: unknown[] = []): EventApp =>
  async (scope, receive, send) => {
    if (scope.type !== 'lifespan') return void seen.push({ ...scope.state })
    for await (const event of receive) {
      journal.push(`${name} ${event.type}`)
      scope.state['name'] = name
      scope.state[name] = true
      await send({ type: `${event.type}.complete` as 'lifespan.startup.complete' })
    }
  }

const failing: EventApp = async (_scope, receive, send) => {
  await receive()
  await send({ type: 'lifespan.startup.failed', message: 'no database' })
}

const legacy: SyncApp = (_environ, _startResponse) => []

const lifeless: EventApp = async (scope, _receive, _send) => {
  throw new UnsupportedScopeError(scope.type)
}

function start(table: MountTable, log: Log = SILENT_LOG): Promise<Lifespan> {
  return startLifespan(mount(table), { mode: 'on', log })
}

describe('mount: lifespan', () => {
  it('[3b.65] starts every app in the order of the table, and stops them in reverse', async () => {
    const journal: string[] = []
    const lifespan = await start({
      '/': living('root', journal),
      '/a/b': living('ab', journal),
      '/a': living('a', journal),
    })
    const up = ['root', 'ab', 'a'].map((name) => `${name} lifespan.startup`)
    expect(journal).toEqual(up)
    await lifespan.shutdown()
    const down = ['a', 'ab', 'root'].map((name) => `${name} lifespan.shutdown`)
    expect(journal).toEqual([...up, ...down])
  })

  it('[3b.65] stops the apps that have started if another fails to start, and names that one', async () => {
    const journal: string[] = []
    const starting = start({
      '/a': living('a', journal),
      '/b': living('b', journal),
      '/c': failing,
      '/d': living('d', journal),
    })
    await expect(starting).rejects.toEqual(new LifespanError('"/c": no database'))
    expect(journal).toEqual([
      'a lifespan.startup',
      'b lifespan.startup',
      'b lifespan.shutdown',
      'a lifespan.shutdown',
    ])
  })

  it('[3b.60] keeps the error that is the reason, through nested tables and pools', async () => {
    const reason = new RangeError('no table')
    const reporting: EventApp = async (_scope, receive, send) => {
      await receive()
      await send({
        type: 'lifespan.startup.failed',
        message: 'no database',
        'isthmus.error': reason,
      })
    }
    const nested = mount({ '/deep': mount({ '/a': reporting }) })
    const failure = await failureOf(start({ '/b': nested }))
    expect(failure).toEqual(new LifespanError('"/b": "/deep": "/a": no database'))
    expect((failure as Error).cause).toBe(reason)

    const broken = threads(new URL('../fixtures/cli/throws.js', import.meta.url))
    const { cause } = (await failureOf(start({ '/b': broken }))) as Error
    expect(cause).toBeInstanceOf(Error)
    expect((cause as Error).stack).toMatch(/^TypeError: no database\n +at .*throws\.js:1:7/)
    const absent = threads(new URL('../fixtures/cli/throws.js', import.meta.url), { export: 'x' })
    expect((await failureOf(start({ '/b': absent }))) as Error).toHaveProperty('cause')
    const empty = threads(new URL('../fixtures/cli/empty.js', import.meta.url))
    expect(((await failureOf(start({ '/b': empty }))) as Error).cause).toBeInstanceOf(AppLoadError)
    expect(await failureOf(start({ '/c': failing }))).not.toHaveProperty('cause')
  })

  it('[3b.61] accepts apps that have no lifespan', async () => {
    const journal: string[] = []
    const log = recordingLog()
    const lifespan = await start({ '/a': lifeless, '/b': living('b', journal), '/c': legacy }, log)
    await lifespan.shutdown()
    expect(journal).toEqual(['b lifespan.startup', 'b lifespan.shutdown'])
    expect(log.lines.filter((line) => !line.startsWith('debug'))).toEqual([])
  })

  it('[3b.65] gives every app its own state, and not that of another app', async () => {
    const seen: unknown[] = []
    const app = mount({ '/a': living('a', [], seen), '/b': living('b', [], seen) })
    const lifespan = await startLifespan(app, { mode: 'on', log: SILENT_LOG })
    const state = { ...lifespan.state }
    for (const path of ['/a', '/b']) await new Host().run(app, httpScope({ path, state }))
    expect(seen).toEqual([
      expect.objectContaining({ name: 'a', a: true }),
      expect.objectContaining({ name: 'b', b: true }),
    ])
    expect(Object.keys(seen[0] as object)).not.toContain('b')
    await lifespan.shutdown()
  })

  it('[3b.64] copies the state for every request: an added key is not seen by the next', async () => {
    const seen: unknown[] = []
    const adding: EventApp = async (scope, receive, send) => {
      if (scope.type === 'lifespan') return living('a', [])(scope, receive, send)
      seen.push('added' in scope.state)
      scope.state['added'] = true
    }
    const app = mount({ '/a': adding })
    const lifespan = await startLifespan(app, { mode: 'on', log: SILENT_LOG })
    for (let request = 0; request < 2; request += 1) {
      await new Host().run(app, httpScope({ path: '/a', state: { ...lifespan.state } }))
    }
    expect(seen).toEqual([false, false])
    await lifespan.shutdown()
  })

  it('[3b.65] finds the state of an app that is mounted in a mount', async () => {
    const seen: unknown[] = []
    const journal: string[] = []
    const inner = mount({ '/x': living('x', journal, seen), '/y': living('y', journal, seen) })
    const app = mount({ '/a': inner, '/b': living('b', journal, seen) })
    const lifespan = await startLifespan(app, { mode: 'on', log: SILENT_LOG })
    const state = { ...lifespan.state }
    for (const path of ['/a/y', '/b', '/a/x']) {
      await new Host().run(app, httpScope({ path, state: { ...state } }))
    }
    expect(seen.map((state) => (state as { name: string }).name)).toEqual(['y', 'b', 'x'])
    await lifespan.shutdown()
    expect(journal.slice(3).map((line) => line[0])).toEqual(['b', 'y', 'x'])
  })

  it('[3b.65] runs an app that is mounted twice once for each mount, each with its own state', async () => {
    const journal: string[] = []
    const twice = living('twice', journal)
    const lifespan = await start({ '/a': twice, '/b': twice })
    await lifespan.shutdown()
    expect(journal.map((line) => line.replace('twice lifespan.', ''))).toEqual([
      'startup',
      'startup',
      'shutdown',
      'shutdown',
    ])
  })
})
