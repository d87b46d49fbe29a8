import { describe, expect, it } from 'vitest'
import { ask, eventually, hosted, pooled } from './behaviour-host.ts'
import type { ServeOptions } from 'isthmus'
import type { Served } from '../raw/served.ts'

const journaling = (name: string, options: ServeOptions = {}): Promise<Served> =>
  hosted(pooled('journal', name), options)
/** The app runs while its body still arrives. */
const streaming = (name: string, options: ServeOptions = {}): Promise<Served> =>
  hosted(pooled('journal', name, { buffering: false }), options)
const journalOf = (server: Served): Promise<string> => ask(server, { target: '/journal' })
const errors = (server: Served): string[] =>
  server.lines.filter((line) => line.startsWith('error') || line.startsWith('warn'))

const GET = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const POST = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n'

describe('a client that leaves', () => {
  it('[3a.25] [3c.11] has the read in progress throw, then return() and close() run', async () => {
    await using server = await streaming('reading')
    using client = await server.connect()
    client.send(`${POST}half`)
    await client.head()
    expect(await client.chunk()).toBe('first')
    client.reset()
    expect(await journalOf(server)).toBe('read threw ClientDisconnectedError, close')
    expect(errors(server)).toEqual([])
  })

  it('[3a.25] [3c.32] has every further read throw: a cut never looks like an end', async () => {
    await using server = await streaming('stubborn')
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n')
    await client.bytes(CONTINUE.length)
    client.send('half')
    client.socket.end()
    expect(await journalOf(server)).toBe(
      'read threw ClientDisconnectedError, read threw ClientDisconnectedError',
    )
  })

  it('[3a.55] [3a.56] [3c.10] stops an app that is blocked in a chunk, and frees the thread', async () => {
    await using server = await journaling('yielding')
    using client = await server.connect()
    client.send(GET)
    await client.head()
    client.socket.pause()
    client.reset()
    expect(await journalOf(server)).toBe('return, finally, close')
    expect(errors(server)).toEqual([])
  })

  it('[3a.55] [3a.56] [3c.10] makes a blocked write() throw', async () => {
    await using server = await journaling('writing')
    using client = await server.connect()
    client.send(GET)
    await client.head()
    client.socket.pause()
    client.reset()
    expect(await journalOf(server)).toBe('write threw ClientDisconnectedError')
    expect(errors(server)).toEqual([])
  })

  it('[3a.69] [3c.11] aborts the signal of an app that computes', async () => {
    await using server = await journaling('computing')
    using client = await server.connect()
    client.send(GET)
    await client.head()
    expect(await client.chunk()).toBe('first')
    client.reset()
    expect(await journalOf(server)).toBe('compute threw ClientDisconnectedError, close')
  })
})

describe('a body that breaks a limit', () => {
  it('[3a.26] is 413, and the read throws', async () => {
    await using server = await streaming('stubborn', { maxBodyBytes: 5 })
    using client = await server.connect()
    client.send(
      'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n',
    )
    await client.bytes(CONTINUE.length)
    client.send('3\r\nabc\r\n3\r\ndef\r\n')
    expect((await client.response()).status).toBe(413)
    const thrown = 'read threw BodyTooLargeError: the request body exceeds the limit of 5 bytes'
    expect(await journalOf(server)).toBe(`${thrown}, ${thrown}`)
  })

  it('[3a.25] is 408 when it stops arriving', async () => {
    await using server = await streaming('lining', { bodyTimeoutMs: 50 })
    using client = await server.connect()
    client.send(`${POST}half`)
    expect((await client.response()).status).toBe(408)
    expect(await journalOf(server)).toBe(
      'line threw BodyTimeoutError: no byte of the request body arrived for 50 ms',
    )
  })
})

describe('the end of a request', () => {
  it('[3c.10] [3b.16] a read after the response throws instead of waiting', async () => {
    await using server = await streaming('readingLate')
    using client = await server.connect()
    client.send(`${POST}half`)
    expect((await client.response()).body).toBe('ok')
    expect(await journalOf(server)).toBe('close, late read threw ClientDisconnectedError')
  })

  it('[3c.22] a failure in it is logged, and the thread goes on', async () => {
    await using server = await journaling('failingAtEnd')
    expect(await ask(server)).toBe('ok')
    expect(await ask(server)).toBe('ok')
    await eventually(() => errors(server).length === 2)
    expect(errors(server)[0]).toContain('error: the end of a request failed: ')
  })
})
