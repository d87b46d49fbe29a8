// The option `signal` of serve(): its abort closes the server as close() does.

import { getEventListeners, once } from 'node:events'
import { createServer, Server } from 'node:net'
import { serve } from 'isthmus'
import { describe, expect, it, vi } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { engine } from '../engine.ts'
import { freePort } from './free-port.ts'
import { answer, httpApp, served, soon } from './served.ts'
import type { EventApp } from 'isthmus'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** Notes its lifespan, and lets the startup wait for `gate`. */
function livingApp(gate: Promise<void> = Promise.resolve()): { app: EventApp; life: string[] } {
  const life: string[] = []
  const app: EventApp = async (scope, receive, send) => {
    if (scope.type !== 'lifespan') throw new Error(`a request came: ${scope.type}`)
    await receive()
    life.push('startup')
    await gate
    await send({ type: 'lifespan.startup.complete' })
    await receive()
    life.push('shutdown')
    await send({ type: 'lifespan.shutdown.complete' })
  }
  return { app, life }
}

describe('the signal of serve()', () => {
  it('lets a request in flight finish, and refuses new connections', async () => {
    const started = deferred()
    const gate = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      started.resolve()
      await gate.promise
      await answer(send, 'finished')
    })
    const abort = new AbortController()
    await using server = await served(app, { signal: abort.signal, graceMs: 8_000 })
    using client = await server.connect()
    client.send(GET)
    await started.promise

    abort.abort()
    gate.resolve()
    expect((await client.response()).body).toBe('finished')
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
    await expect(server.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('that has aborted before rejects with its reason, and does not start the app', async () => {
    const { app, life } = livingApp()
    const reason = new Error('not today')
    const serving = serve(app, { engine, port: 0, log: null, signal: AbortSignal.abort(reason) })
    await expect(serving).rejects.toBe(reason)
    expect(life).toEqual([])
  })

  it('that aborts during the startup rejects with its reason before the server listens', async () => {
    const gate = deferred()
    const { app, life } = livingApp(gate.promise)
    const abort = new AbortController()
    const reason = new Error('not today')
    const port = await freePort()
    const serving = serve(app, { engine, port, log: null, signal: abort.signal })
    abort.abort(reason)
    gate.resolve()
    await expect(serving).rejects.toBe(reason)
    expect(life).toEqual(['startup', 'shutdown'])
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  it('that aborts while the server begins to listen rejects with its reason, and closes the server', async () => {
    const { app, life } = livingApp()
    const abort = new AbortController()
    const reason = new Error('not today')
    const port = await freePort()
    const listen = vi.spyOn(Server.prototype, 'listen')
    listen.mockImplementationOnce(function (this: Server, ...args: unknown[]) {
      abort.abort(reason)
      listen.mockRestore()
      return this.listen(...(args as Parameters<Server['listen']>))
    })
    const serving = serve(app, { engine, port, log: null, signal: abort.signal })
    await expect(serving).rejects.toBe(reason)
    expect(life).toEqual(['startup', 'shutdown'])
    const next = createServer().listen(port, '127.0.0.1')
    await once(next, 'listening')
    next.close()
  })

  it('has no listener after the server is closed', async () => {
    const { signal } = new AbortController()
    const server = await served(livingApp().app, { signal })
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await server.server.close()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
