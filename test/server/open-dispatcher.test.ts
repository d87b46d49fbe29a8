// The startup that serve() and testClient() share.

import { describe, expect, it } from 'vitest'
import { memory } from '../../src/channels/memory/memory.ts'
import { LifespanError } from '../../src/errors.ts'
import { openDispatcher } from '../../src/server/open-dispatcher.ts'
import { resolveOptions } from '../../src/server/resolve-options.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import type { Channels } from '../../src/contract/channels.ts'
import type { EventApp, Scope } from '../../src/contract/events.ts'

/** Starts `app` with these options. */
function open(app: EventApp, options: object = {}): ReturnType<typeof openDispatcher> {
  return openDispatcher(app, resolveOptions(options, SILENT_LOG))
}

describe('openDispatcher', () => {
  it('gives the lifespan the options of sync apps', async () => {
    const scopes: Scope[] = []
    const app: EventApp = async (scope, receive, send) => {
      scopes.push(scope)
      await receive()
      await send({ type: 'lifespan.startup.complete' })
      await receive()
      await send({ type: 'lifespan.shutdown.complete' })
    }
    const sync = { environ: { SITE: 'a' }, maxInlineBodyBytes: 7, inlineThreads: true }
    const { lifespan, dispatcher } = await open(app, { sync })
    expect(scopes).toMatchObject([{ type: 'lifespan', 'isthmus.hosting': sync }])
    expect(dispatcher.stats().requests).toEqual({ inFlight: 0, total: 0 })
    await lifespan.shutdown()
  })

  it('rejects if the startup fails', async () => {
    const app: EventApp = async (_scope, receive, send) => {
      await receive()
      await send({ type: 'lifespan.startup.failed', message: 'no database' })
    }
    await expect(open(app)).rejects.toThrow(LifespanError)
    await expect(open(app)).rejects.toThrow('no database')
  })

  it('rejects if the startup takes longer than lifespanTimeoutMs', async () => {
    const app: EventApp = () => new Promise(() => undefined)
    await expect(open(app, { lifespanTimeoutMs: 20 })).rejects.toThrow('within 20 ms')
  })

  it('does not call the app with lifespan off', async () => {
    const app: EventApp = () => Promise.reject(new Error('it was called'))
    const { lifespan } = await open(app, { lifespan: 'off' })
    expect(lifespan.state).toEqual({})
  })

  it('gives the lifespan its channels, and closes them after the shutdown of the app', async () => {
    let own: Channels | undefined
    const published: boolean[] = []
    const app: EventApp = async (scope, receive, send) => {
      own = scope['isthmus.channels']
      await receive()
      await send({ type: 'lifespan.startup.complete' })
      await receive()
      published.push(own?.publish('board', 'the last message') ?? false)
      await send({ type: 'lifespan.shutdown.complete' })
    }
    const { lifespan } = await open(app)
    await lifespan.shutdown()
    expect(published).toEqual([true])
    expect(own?.publish('board', 'too late')).toBe(false)
  })

  it('leaves channels to their owner', async () => {
    const channels = memory()
    const { lifespan, dispatcher } = await open(() => Promise.resolve(), { channels })
    await lifespan.shutdown()
    expect(channels.publish('board', 1)).toBe(true)
    expect(dispatcher.stats().channels).toMatchObject({ published: 1 })
    await channels.close()
  })
})
