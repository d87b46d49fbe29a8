// Clients that leave while the server does not need their bytes: the app is told, and a queued request is never started.

import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { settlesWithin } from '../../src/waiting/settles-within.ts'
import { engine } from '../engine.ts'
import { answer, httpApp, served, soon } from './served.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const post = (length: number, sent: number): string =>
  `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${'b'.repeat(sent)}`
const CHUNK = `1000\r\n${'b'.repeat(4_096)}\r\n`
const CHUNKED = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'

// A request that is complete, one whose rest never comes, and requests after the one under way.
const SENT: Array<[string, string]> = [
  ['a whole body', post(5, 5)],
  ['a part of its body', post(500_000, 1_000)],
  ['a body of 60,000 bytes', post(60_000, 60_000)],
  ['chunks', `${CHUNKED}${CHUNK.repeat(5)}0\r\n\r\n`],
  ['a part of its chunks', CHUNKED + CHUNK.repeat(3)],
  ['further requests', GET.repeat(100)],
  ['a body and further requests', post(5, 5) + GET.repeat(100)],
]

// node:http stops reading the socket when 16 KiB of an incomplete body wait for the app, and then it does not see its end.
const LARGE_PARTS: typeof SENT = [
  ['a large part of its body', post(500_000, 50_000)],
  ['a large part of its chunks', CHUNKED + CHUNK.repeat(5)],
]

describe('a client that has sent', () => {
  it.each(SENT)('%s, and leaves with a FIN, is missed', async (_what, bytes) => {
    expect(await isMissed(bytes, 'fin')).toBe(true)
  })

  it.each(SENT)('%s, and leaves with a reset, is missed', async (_what, bytes) => {
    expect(await isMissed(bytes, 'reset')).toBe(true)
  })

  it.each(LARGE_PARTS)('%s, and leaves, is missed', async (_what, bytes) => {
    expect(await isMissed(bytes, 'fin')).toBe(engine === 'native')
    expect(await isMissed(bytes, 'reset')).toBe(engine === 'native')
  })

  it('a part of its body in single bytes, and leaves, is missed', async () => {
    const { app, started, left } = waitingApp(true)
    await using server = await served(app)
    using client = await server.connect()
    client.send(post(500_000, 0))
    await started
    for (let sent = 0; sent < 200; sent += 1) await client.sendApart('x')
    client.socket.resetAndDestroy()
    expect(await settlesWithin(left, 2_000)).toBe(true)
  })
})

/** An app that waits for the end of its client; `takesOne`: it reads one event of the body before. */
function waitingApp(takesOne = false) {
  const started = deferred()
  const left = deferred()
  const app = httpApp(async ({ 'isthmus.exchange': exchange }, receive, send) => {
    exchange?.onDisconnect(() => left.resolve())
    started.resolve()
    if (takesOne) await receive()
    await left.promise
    await answer(send, 'late').catch(() => undefined)
  })
  return { app, started: started.promise, left: left.promise }
}

/** Whether the app is told within two seconds that a client has left that sent `bytes`. */
async function isMissed(bytes: string, end: 'fin' | 'reset'): Promise<boolean> {
  const { app, started, left } = waitingApp()
  await using server = await served(app)
  using client = await server.connect()
  client.send(bytes)
  await soon(started, 'the request')
  if (end === 'fin') client.socket.destroy()
  else client.socket.resetAndDestroy()
  return await settlesWithin(left, 2_000)
}
