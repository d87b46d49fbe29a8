import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MessageQueue } from '../../../src/async/message-queue.ts'
import { websocket } from '../../../src/async/websocket-app.ts'
import { closeOf, Handover, host, nextMessage } from './host.ts'
import type { EventApp } from '../../../src/contract/events.ts'

const KIB = 1024

afterEach(() => {
  vi.restoreAllMocks()
})

/** Pushes until a send fails, and hands the failure over. The app never reads. */
function pusher(failure: Handover<unknown>): EventApp {
  return async (_scope, receive, send) => {
    await receive()
    await send({ type: 'websocket.accept' })
    try {
      for (;;) {
        await send({ type: 'websocket.send', text: 'tick' })
        await sleep(5)
      }
    } catch (error) {
      failure.resolve(error)
    }
  }
}

describe('an app that does not read', () => {
  it.each([40, 2000])('sees the close of its client after %i messages', async (count) => {
    const failure = new Handover<unknown>()
    await using server = await host(pusher(failure))
    const client = server.open()
    await nextMessage(client)
    for (let at = 0; at < count; at += 1) client.send(`message ${at}`)
    // A server that pauses its socket does so before the close arrives.
    await sleep(100)
    client.close(4000, 'bye')
    expect(await closeOf(client)).toEqual([4000, 'bye'])
    expect(await failure.value).toMatchObject({ code: 'ECONNRESET' })
  })

  it('sees that the connection has ended after 40 messages, although it sends nothing', async () => {
    const seen = new Handover<void>()
    const app = websocket(async (socket) => {
      socket.signal.addEventListener('abort', () => seen.resolve())
      await socket.send('open')
      await seen.value
    })
    await using server = await host(app)
    const client = server.open()
    await nextMessage(client)
    for (let at = 0; at < 40; at += 1) client.send(`message ${at}`)
    await sleep(100)
    client.terminate()
    await expect(seen.value).resolves.toBeUndefined()
  })

  it('has one inflated message more than its queue may hold, and gets all of them in the end', async () => {
    const push = vi.spyOn(MessageQueue.prototype, 'push')
    const go = new Handover<void>()
    const app = websocket(async (socket) => {
      await socket.accept()
      await go.value
      let count = 0
      for await (const message of socket) {
        if (message.length === 1024 * KIB) count += 1
        if (count === 60) await socket.send('all')
      }
    })
    await using server = await host(app, { deflate: true })
    const client = server.open({ perMessageDeflate: { threshold: 0 } })
    client.once('open', () => {
      for (let at = 0; at < 60; at += 1) client.send(Buffer.alloc(1024 * KIB))
    })
    await vi.waitFor(() => expect(push).toHaveBeenCalled(), 30_000)
    await sleep(300)
    expect(push.mock.calls.length).toBeLessThanOrEqual(2)
    go.resolve()
    expect(await nextMessage(client)).toBe('all')
  })

  it('does not keep a connection open whose messages wait for the inflater', async () => {
    const ended = new Handover<number>()
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type !== 'websocket') return
      await receive()
      await send({ type: 'websocket.accept' })
      scope['isthmus.exchange']?.onEnd(({ code }) => ended.resolve(code ?? 0))
      await new Promise(() => undefined)
    }
    const push = vi.spyOn(MessageQueue.prototype, 'push')
    await using server = await host(app, { deflate: true, pingIntervalMs: 20 })
    const client = server.open({ perMessageDeflate: { threshold: 0 } })
    client.once('open', () => {
      for (let at = 0; at < 60; at += 1) client.send(Buffer.alloc(1024 * KIB))
    })
    await vi.waitFor(() => expect(push).toHaveBeenCalled(), 30_000)
    client.terminate()
    expect(await ended.value).toBe(1006)
    expect(push.mock.calls.length).toBeLessThanOrEqual(3)
  })
})

describe('bytes of the app', () => {
  it.each([1, 20, 200])(
    'may change after send() of %i KiB, although the client reads slowly',
    async (size) => {
      const TOTAL_KIB = 8 * KIB
      const app: EventApp = async (_scope, receive, send) => {
        await receive()
        await send({ type: 'websocket.accept' })
        const bytes = Buffer.alloc(size * KIB)
        for (let at = 0; at < TOTAL_KIB / size; at += 1) {
          bytes.fill(at % 256)
          await send({ type: 'websocket.send', bytes })
          bytes.fill(0xee)
        }
        await send({ type: 'websocket.send', text: 'end' })
      }
      await using server = await host(app)
      const client = server.open()
      const end = new Handover<void>()
      const wrong: number[] = []
      let count = 0
      client.on('message', (data: Buffer, isBinary) => {
        if (!isBinary) return end.resolve()
        if (data[0] !== count % 256 || data.at(-1) !== count % 256) wrong.push(count)
        count += 1
      })
      client.once('open', () => {
        client.pause()
        setTimeout(() => client.resume(), 200)
      })
      await end.value
      expect(wrong).toEqual([])
    },
  )
})
