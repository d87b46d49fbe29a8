import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { websocket } from '../../../src/async/websocket-app.ts'
import { frame, Handover, handshake, host, readUntil } from './host.ts'

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

const slowEcho = websocket(async (socket) => {
  for await (const message of socket) {
    await sleep(10)
    await socket.send(message)
  }
})

function withFirstByte(bytes: Buffer, first: number): Buffer {
  bytes[0] = first
  return bytes
}

const FAULTS: Array<[fault: string, bytes: Buffer, code: string]> = [
  ['a reserved bit', withFirstByte(frame(1, 'bad'), 0xc1), '\x03\xea'],
  ['a reserved opcode', frame(3, 'bad'), '\x03\xea'],
  ['a fragment of no message', frame(0, 'bad'), '\x03\xea'],
  ['a fragmented ping', frame(9, 'bad', false), '\x03\xea'],
  ['a frame without a mask', Buffer.from([0x81, 0x01, 0x78]), '\x03\xea'],
  ['text that is not UTF-8', frame(1, Uint8Array.of(0xff)), '\x03\xef'],
  ['a close with an illegal code', frame(8, Uint8Array.of(0, 1)), '\x03\xea'],
]

describe('messages before a fault of the client', () => {
  it.each(FAULTS)('[3b.48] are answered before the close for %s', async (_fault, bad, code) => {
    for (const app of [echo, slowEcho]) {
      await using server = await host(app)
      const socket = server.raw()
      socket.write(Buffer.concat([Buffer.from(handshake()), frame(1, 'one'), frame(1, 'two'), bad]))
      const [, frames] = (await readUntil(socket, code)).split('\r\n\r\n')
      expect(frames).toBe(`\x81\x03one\x81\x03two\x88\x02${code}`)
    }
  })

  it('[3b.48] delay the close for closeTimeoutMs at most, if the app does not take them', async () => {
    const deaf = websocket(async (socket) => {
      await socket.accept()
      await new Promise(() => undefined)
    })
    await using server = await host(deaf, { closeTimeoutMs: 50 })
    const socket = server.raw()
    socket.write(Buffer.concat([Buffer.from(handshake()), frame(1, 'one'), frame(3, 'bad')]))
    expect(await readUntil(socket)).toContain('\x88\x02\x03\xea')
  })
})

describe('a message of more fragments than maxFragments', () => {
  it('closes with 1008, and a message of as many is delivered', async () => {
    await using server = await host(echo, { maxFragments: 3 })
    const socket = server.raw()
    const whole = [frame(1, 'a', false), frame(0, 'b', false), frame(0, 'c')]
    const longer = [frame(1, 'a', false), frame(0, 'b', false), frame(0, 'c', false), frame(0, 'd')]
    socket.write(Buffer.concat([Buffer.from(handshake()), ...whole, ...longer]))
    const text = await readUntil(socket, '\x03\xf0')
    expect(text).toContain('\x81\x03abc\x88\x02\x03\xf0')
  })
})

describe('send() after the connection has failed', () => {
  it('rejects with ClientDisconnectedError', async () => {
    const go = new Handover<void>()
    const result = new Handover<unknown>()
    const app = websocket(async (socket) => {
      await socket.accept()
      await go.value
      result.resolve(await socket.send('too late').catch((error: unknown) => error))
    })
    await using server = await host(app, { closeTimeoutMs: 50 })
    const socket = server.raw()
    socket.write(Buffer.concat([Buffer.from(handshake()), frame(3, 'bad')]))
    await readUntil(socket, '\x88\x02\x03\xea')
    go.resolve()
    expect(await result.value).toMatchObject({ code: 'ECONNRESET' })
  })
})
