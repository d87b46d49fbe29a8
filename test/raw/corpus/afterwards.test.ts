// The state of a connection after the bytes of a case: it is open, and read from its next byte on, or closed. And over
// node:http: both engines read the cases that both accept alike.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engine } from '../../engine.ts'
import { headerOf } from '../raw-response.ts'
import { answer, httpApp, readAll, served } from '../served.ts'
import { get } from './case.ts'
import { CORPUS } from './corpus.ts'
import type { RawClient } from '../raw-client.ts'
import type { RawResponse } from '../raw-response.ts'
import type { Served } from '../served.ts'
import type { CorpusCase, ExpectedRequest } from './case.ts'

type Seen = Pick<Required<ExpectedRequest>, 'method' | 'httpVersion' | 'headers' | 'body'>

// An upgrade to WebSocket is a handshake, which has tests of its own.
const isHandshake = ({ bytes }: CorpusCase): boolean =>
  /upgrade:.*websocket/i.test(bytes) && /connection:.*upgrade/i.test(bytes)

// node:http refuses fewer cases. Both engines read the cases that both accept alike, except for these.
const OTHERWISE_OVER_NODE = new Set([
  'HTTP/1.1 with close and a no-break space',
  'HTTP/1.0 with keep-alive and close',
  // node:http drops the bytes after an ignored upgrade, so the connection ends.
  'an upgrade that is a request as any other',
  // llhttp reports an error, which ends the response under way too.
  'a request after one that closes',
  'garbage after one that closes',
  'a request after HTTP/1.0',
  'a request after a body that closes',
  // node:http refuses white space that the grammar allows (RFC 9110, 5.6.3; RFC 9112, 7.1.1).
  'a length with a tab after',
  'a length with a tab between spaces',
  'chunked with a tab after',
  'an extension with white space before the semicolon',
  'an extension with white space after the semicolon',
  'an extension with white space around the semicolon',
  'an extension with white space after the name',
  'an extension with white space before the value',
  'an extension with white space around everything',
  'an extension with white space before a quoted value',
  'an extension with white space between a name and a semicolon',
  'an extension with white space between a value and a semicolon',
  'an extension with white space between a quoted value and a semicolon',
  'an extension of the last chunk with white space',
  // node:http refuses trailers with these names, which a recipient may drop (RFC 9110, 6.5.1).
  'the trailer Connection: close, which is dropped',
  'the trailer Content-Length: 5, which is dropped',
  'the trailer Transfer-Encoding: chunked, which is dropped',
  'a field that is no trailer after one that is',
  'CVE-2025-58068: a length as a trailer',
])
const isAsked = (entry: CorpusCase): boolean =>
  (engine === 'native' && entry.then !== 'unfinished') ||
  (entry.then === 'nothing' && !OTHERWISE_OVER_NODE.has(entry.name))

let seen: Seen[] = []
let host: Served
const app = httpApp(async ({ method, httpVersion, headers }, receive, send) => {
  const body = (await readAll(receive)).toString('latin1')
  seen.push({ method, httpVersion, headers, body })
  await answer(send, 'taken')
})

beforeAll(async () => {
  host = await served(app)
})
afterAll(() => host[Symbol.asyncDispose]())
beforeEach(() => {
  seen = []
})

describe.each(Object.entries(CORPUS))('after the corpus of %s, the connection', (_topic, cases) => {
  const asked = cases.filter((entry) => isAsked(entry) && !isHandshake(entry))
  it.each(asked.map((entry) => [entry.name, entry] as const))('%s', async (_name, entry) => {
    using client = await host.connect()
    const bytes = Buffer.from(entry.bytes, 'latin1')
    await client.sendApart(bytes.subarray(0, bytes.length >> 1))
    client.send(bytes.subarray(bytes.length >> 1))

    let last: RawResponse | undefined
    for (const { method = 'GET' } of entry.requests) {
      last = await finalResponse(client, method)
      expect(last.status).toBe(200)
    }
    expectSeen(entry.requests)
    await expectEnd(client, entry, last)
    expect(seen).toHaveLength(entry.requests.length)
  })
})

async function finalResponse(client: RawClient, method: string): Promise<RawResponse> {
  const response = await client.response(method)
  return response.status === 100 ? client.response(method) : response
}

function expectSeen(requests: readonly ExpectedRequest[]): void {
  expect(seen).toHaveLength(requests.length)
  for (const [index, { method = 'GET', body = '', httpVersion, headers }] of requests.entries()) {
    expect(seen[index]).toMatchObject({ method, body })
    if (httpVersion !== undefined) expect(seen[index]?.httpVersion).toBe(httpVersion)
    if (headers !== undefined) expect(seen[index]?.headers).toEqual(headers)
  }
}

async function expectEnd(
  client: RawClient,
  { then, requests }: CorpusCase,
  last: RawResponse | undefined,
): Promise<void> {
  if (then !== 'nothing') {
    expect((await finalResponse(client, 'GET')).status).toBe(then)
    expect(await client.ended()).toBe('end')
    return
  }

  const keepsOpen = last !== undefined && headerOf(last, 'connection') !== 'close'
  expect(requests.at(-1)?.keepAlive ?? keepsOpen).toBe(keepsOpen)
  if (!keepsOpen) {
    expect(await client.ended()).toBe('end')
    return
  }
  // The next request is read from its first byte on.
  client.send(get('X: next'))
  expect((await client.response()).status).toBe(200)
  expect(seen.pop()?.headers).toContainEqual(['x', 'next'])
}
