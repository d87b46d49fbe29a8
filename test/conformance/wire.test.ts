// The exact bytes of whole exchanges, for every style.

import { events, iterable, sync } from 'isthmus'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { NO_PYTHON, SKIPPED } from '../python/program.ts'
import { served } from '../raw/served.ts'
import { echo, failing, streamed, whole } from './apps.ts'
import { endPython, inPython } from './in-python.ts'
import { endThreads, inThreads } from './in-threads.ts'
import { FLAG, frame, FrameClient, GET, TYPE } from '../server/http2/frame-client.ts'
import { wireOf } from './socket-host.ts'
import type { App, HeaderPairs } from 'isthmus'
import type { Trio } from './apps.ts'
import type { Request } from './host.ts'

interface Style {
  name: string
  host: (trio: Trio) => App
  isPython?: boolean
}

const STYLES: Style[] = [
  { name: 'sync', host: (trio) => sync(trio.sync) },
  { name: 'sync in threads', host: (trio) => inThreads(trio.recipe, 'sync') },
  { name: 'iterable', host: (trio) => iterable(trio.iterable) },
  { name: 'events', host: (trio) => events(trio.events) },
  { name: `WSGI${SKIPPED}`, host: (trio) => inPython(trio.recipe, 'wsgi'), isPython: true },
  { name: `ASGI${SKIPPED}`, host: (trio) => inPython(trio.recipe, 'asgi'), isPython: true },
]

const CLOSE: HeaderPairs = [['connection', 'close']]

afterAll(endPython)
afterAll(endThreads)

describe.each(STYLES)('$name: [3a.49] [3a.66] [3c.34] the wire carries', ({ host, isPython }) => {
  beforeEach(({ skip }) => skip(isPython === true && NO_PYTHON !== undefined, NO_PYTHON))

  async function wire(trio: Trio, request: Request = {}): Promise<string> {
    await using server = await served(host(trio), { lifespan: 'auto' })
    using client = await server.connect()
    client.send(wireOf({ headers: CLOSE, ...request }))
    return (await client.rest()).replace(/date: [^\r]+/, 'date: DATE').replaceAll('\r\n', '|')
  }

  it('a stream in chunks', async () => {
    expect(await wire(streamed(200, [['Content-Type', 'text/plain']], ['one\r\n']))).toBe(
      'HTTP/1.1 200 OK|content-type: text/plain|transfer-encoding: chunked|date: DATE|server: isthmus|' +
        'connection: close||5|one||0||',
    )
  })

  it('a whole body as it is', async () => {
    expect(await wire(whole(404, [], ['one', 'two']))).toBe(
      'HTTP/1.1 404 Not Found|content-length: 6|date: DATE|server: isthmus|connection: close||onetwo',
    )
  })

  it('an echo of every byte', async () => {
    const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
    const answer = await wire(echo, { method: 'POST', body: bytes })
    expect(answer).toBe(
      'HTTP/1.1 200 OK|content-type: text/plain|content-length: 256|date: DATE|server: isthmus|' +
        `connection: close||${bytes}`,
    )
  })

  it('a head alone for 304', async () => {
    expect(await wire(whole(304, [['etag', '"1"']], []))).toBe(
      'HTTP/1.1 304 Not Modified|etag: "1"|date: DATE|server: isthmus|connection: close||',
    )
  })

  it('no last chunk if the app breaks off', async () => {
    expect(await wire(failing(['half']))).toBe(
      'HTTP/1.1 200 OK|x-of: app|transfer-encoding: chunked|date: DATE|server: isthmus|connection: close||' +
        '4|half|',
    )
  })
})

// A thread and a process are no other subjects here: their apps send the same parts. The fields are compressed, so that the suite
// sees the status alone, of which RFC 7541, appendix A, has one octet.
const IN_LOOP = STYLES.filter(({ name }) => ['sync', 'iterable', 'events'].includes(name))
const STATUS: Record<number, number> = { 0x88: 200, 0x8b: 304, 0x8d: 404 }

describe.each(IN_LOOP)('$name: [3a.49] [3a.66] [3c.34] the frames carry', ({ host }) => {
  async function frames(trio: Trio, body?: string): Promise<string> {
    await using server = await served(host(trio), { lifespan: 'auto', http2: true })
    using client = await FrameClient.open(server.server.address)
    if (body === undefined) client.get(1)
    else {
      const post = GET.map(([name, value]) => [name, name === ':method' ? 'POST' : value] as const)
      const content = frame(TYPE.DATA, FLAG.END_STREAM, 1, Buffer.from(body, 'latin1'))
      client.send(client.head(1, post, FLAG.END_HEADERS), content)
    }
    await client.frame(({ type, flags, stream }) => {
      const isEnd = (type === TYPE.DATA || type === TYPE.HEADERS) && (flags & FLAG.END_STREAM) > 0
      return stream === 1 && (isEnd || type === TYPE.RST_STREAM)
    }, 'the end of the stream')
    return shown(client)
  }

  it('a stream in DATA', async () => {
    expect(await frames(streamed(200, [], ['one\r\n']))).toBe('200 one\r\n end')
  })

  it('a whole body as it is', async () => {
    expect(await frames(whole(404, [], ['one', 'two']))).toBe('404 onetwo end')
  })

  it('an echo of every byte', async () => {
    const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
    expect(await frames(echo, bytes)).toBe(`200 ${bytes} end`)
  })

  it('a head alone for 304, which ends the stream', async () => {
    expect(await frames(whole(304, [['etag', '"1"']], []))).toBe('304  end')
  })

  it('a reset if the app breaks off, and no end', async () => {
    expect(await frames(failing(['half']))).toBe('200 half reset 2')
  })
})

/** The status, the body and the end of stream 1. */
function shown(client: FrameClient): string {
  const seen = client.of(1)
  const head = seen.find(({ type }) => type === TYPE.HEADERS)
  const parts = seen.filter(({ type }) => type === TYPE.DATA)
  const body = Buffer.concat(parts.map(({ payload }) => payload)).toString('latin1')
  const isEnded = [head, ...parts].some((part) => ((part?.flags ?? 0) & FLAG.END_STREAM) > 0)
  const reset = seen.find(({ type }) => type === TYPE.RST_STREAM)
  const ends = [isEnded ? ' end' : '', reset ? ` reset ${reset.payload.readUInt32BE(0)}` : '']
  return `${STATUS[head?.payload[0] ?? 0]} ${body}${ends.join('')}`
}
