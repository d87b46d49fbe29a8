// The exact bytes of whole exchanges, for every style.

import { events, iterable, sync } from 'isthmus'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { NO_PYTHON, SKIPPED } from '../python/program.ts'
import { served } from '../raw/served.ts'
import { echo, failing, streamed, whole } from './apps.ts'
import { endPython, inPython } from './in-python.ts'
import { endThreads, inThreads } from './in-threads.ts'
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
