import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { websocket } from '../../../src/async/websocket-app.ts'
import { closeOf, frame, Handover, handshake, host, nextMessage, readUntil } from './host.ts'
import type { EventApp, ReceiveEvent } from '../../../src/contract/events.ts'

const KIB = 1024

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

/** Accepts, and hands over the first event other than a message. */
function untilGone(seen: Handover<ReceiveEvent>): EventApp {
  return async (_scope, receive, send) => {
    await receive()
    await send({ type: 'websocket.accept' })
    for await (const event of receive) if (event.type !== 'websocket.receive') seen.resolve(event)
  }
}

async function opened<Client extends { once: unknown }>(client: Client): Promise<Client> {
  await once(client as never, 'open', { signal: AbortSignal.timeout(30_000) })
  return client
}

describe('WebSocket messages', () => {
  it('[3b.48] are delivered complete, as text or as bytes', async () => {
    const kinds = websocket(async (socket) => {
      for await (const message of socket) await socket.send(`${typeof message}:${message.length}`)
    })
    await using server = await host(kinds)
    const client = await opened(server.open())
    client.send('frag', { fin: false })
    client.send('ments', { fin: true })
    expect(await nextMessage(client)).toBe('string:9')
    client.send(new Uint8Array(70_000))
    expect(await nextMessage(client)).toBe('object:70000')
    client.send('')
    expect(await nextMessage(client)).toBe('string:0')
  })

  it('[3b.48] of text that is not UTF-8 close with 1007', async () => {
    const seen = new Handover<ReceiveEvent>()
    await using server = await host(untilGone(seen))
    const client = await opened(server.open())
    client.send(Buffer.from([0xff, 0xfe]), { binary: false })
    expect((await closeOf(client))[0]).toBe(1007)
    expect(await seen.value).toMatchObject({ type: 'websocket.disconnect', code: 1006 })
  })

  it('[3b.48] that are too long when joined close with 1009', async () => {
    const seen = new Handover<ReceiveEvent>()
    await using server = await host(untilGone(seen), { maxMessageBytes: 10 })
    const client = await opened(server.open())
    client.send('123456', { fin: false })
    client.send('789012', { fin: true })
    expect((await closeOf(client))[0]).toBe(1009)
    expect(await seen.value).toMatchObject({ code: 1006, reason: 'Max payload size exceeded' })
  })

  it('[3b.48] that are too long when inflated close with 1009', async () => {
    await using server = await host(echo, { maxMessageBytes: 10 * KIB, deflate: true })
    const client = await opened(server.open({ perMessageDeflate: true }))
    client.send(Buffer.alloc(100 * KIB))
    expect((await closeOf(client))[0]).toBe(1009)
  })

  it('[3b.55] wait in the socket while the app does not read, and then arrive in order', async () => {
    const go = new Handover<void>()
    const app = websocket(async (socket) => {
      await socket.accept()
      await go.value
      let next = 0
      for await (const message of socket) {
        if (Number(message.slice(0, 8)) === next) next += 1
        if (next === 300) await socket.send('all in order')
      }
    })
    await using server = await host(app, { maxQueue: 4 })
    const client = await opened(server.open())
    const filler = 'x'.repeat(64 * KIB)
    for (let at = 0; at < 300; at++) client.send(String(at).padStart(8, '0') + filler)
    go.resolve()
    expect(await nextMessage(client)).toBe('all in order')
  })

  it('[3b.46] make send() wait while the client does not read', async () => {
    const done = new Handover<void>()
    let finished = false
    const app: EventApp = async (_scope, _receive, send) => {
      const bytes = new Uint8Array(256 * KIB)
      await send({ type: 'websocket.accept' })
      for (let at = 0; at < 256; at++) await send({ type: 'websocket.send', bytes })
      finished = true
      done.resolve()
    }
    await using server = await host(app)
    const socket = server.raw()
    socket.write(handshake())
    // Without the wait all 64 MiB would be in the server's memory before the client has the first byte.
    await once(socket, 'readable', { signal: AbortSignal.timeout(30_000) })
    expect(finished).toBe(false)
    socket.resume()
    await expect(done.value).resolves.toBeUndefined()
  })

  it('[3b.46] that wait for a slow client fail when the client leaves', async () => {
    const failed = new Handover<unknown>()
    const app: EventApp = async (_scope, _receive, send) => {
      await send({ type: 'websocket.accept' })
      const bytes = new Uint8Array(16 * KIB * KIB)
      const sends = [1, 2, 3].map(() => send({ type: 'websocket.send', bytes }))
      const results = await Promise.allSettled(sends)
      failed.resolve(
        results.map(
          (result) => result.status === 'rejected' && (result.reason as { code: string }).code,
        ),
      )
    }
    await using server = await host(app)
    const socket = server.raw()
    socket.write(handshake())
    await readUntil(socket, '\r\n\r\n')
    socket.destroy()
    expect(await failed.value).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET'])
  })
})

describe('the end of a WebSocket', () => {
  it('[3b.51] tells the app the client’s code and reason, 1005 for none, 1006 for a drop', async () => {
    const codes: unknown[] = []
    for (const leave of ['code', 'none', 'drop']) {
      const seen = new Handover<ReceiveEvent>()
      await using server = await host(untilGone(seen))
      const client = await opened(server.open())
      if (leave === 'code') client.close(4001, 'bye')
      if (leave === 'none') client.close()
      if (leave === 'drop') client.terminate()
      const { code, reason } = await seen.value
      codes.push([code, reason])
    }
    expect(codes).toEqual([
      [4001, 'bye'],
      [1005, ''],
      [1006, ''],
    ])
  })

  it('[3b.53] is 1000 when the app returns and 1011 when it throws', async () => {
    await using returning = await host(websocket((socket) => socket.accept()))
    await using throwing = await host(
      websocket(async (socket) => {
        await socket.accept()
        throw new Error('broken')
      }),
    )
    expect(await closeOf(returning.open())).toEqual([1000, ''])
    expect(await closeOf(throwing.open())).toEqual([1011, ''])
    expect(throwing.lines).toEqual(['error: the app failed'])
  })

  it('[3b.50] carries the app’s code and reason', async () => {
    await using server = await host(
      websocket(async (socket) => {
        await socket.accept()
        await socket.close(4321, 'é')
      }),
    )
    expect(await closeOf(server.open())).toEqual([4321, 'é'])
  })

  it('[3b.50] does not wait for ever for a client that answers no close', async () => {
    const seen = new Handover<ReceiveEvent>()
    const app: EventApp = async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      await send({ type: 'websocket.close', code: 1000 })
      seen.resolve(await receive())
    }
    await using server = await host(app, { closeTimeoutMs: 20 })
    const socket = server.raw()
    socket.write(handshake())
    expect(await readUntil(socket)).toContain('\x88\x02\x03\xe8')
    expect(await seen.value).toMatchObject({ type: 'websocket.disconnect', code: 1006 })
  })

  it('[3b.50] comes although the app does not read and its queue is full', async () => {
    const app: EventApp = async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      await receive()
      await send({ type: 'websocket.close' })
    }
    await using server = await host(app, { maxQueue: 1 })
    const client = await opened(server.open())
    for (let at = 0; at < 50; at++) client.send('x'.repeat(64 * KIB))
    expect(await closeOf(client)).toEqual([1000, ''])
  })

  it('[3b.54] at shutdown is a close with 1001, even if the app never returns', async () => {
    await using server = await host(
      websocket(async (socket) => {
        await socket.accept()
        await new Promise(() => undefined)
      }),
    )
    const client = await opened(server.open())
    server.shutdown()
    expect(await closeOf(client)).toEqual([1001, 'server shutdown'])
  })
})

describe('WebSocket pings', () => {
  it('[3b.49] find a client that is gone: 1011 on the wire, 1006 for the app', async () => {
    const seen = new Handover<ReceiveEvent>()
    await using server = await host(untilGone(seen), { pingIntervalMs: 20, pongTimeoutMs: 20 })
    const socket = server.raw()
    socket.write(handshake())
    const bytes = await readUntil(socket)
    expect(bytes).toContain('\x89\x00')
    expect(bytes).toContain('\x03\xf3keepalive ping timeout')
    expect(await seen.value).toEqual({
      type: 'websocket.disconnect',
      code: 1006,
      reason: 'keepalive ping timeout',
    })
  })

  it('[3b.49] do not disturb a client that answers them', async () => {
    await using server = await host(echo, { pingIntervalMs: 20, pongTimeoutMs: 1000 })
    const client = await opened(server.open())
    for (let at = 0; at < 3; at++)
      await once(client, 'ping', { signal: AbortSignal.timeout(30_000) })
    client.send('still here')
    expect(await nextMessage(client)).toBe('still here')
  })

  it('[3b.49] of the client are answered although the app does not read', async () => {
    const deaf = websocket(async (socket) => {
      await socket.accept()
      await new Promise(() => undefined)
    })
    await using server = await host(deaf)
    const socket = server.raw()
    socket.write(Buffer.concat([Buffer.from(handshake()), frame(1, 'unread'), frame(9, 'marco')]))
    expect(await readUntil(socket, 'marco')).toContain('\x8a\x05marco')
  })
})
