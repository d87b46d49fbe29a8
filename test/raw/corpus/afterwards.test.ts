// The state of a connection after the bytes of a case: it is open, and read from its next byte on, or closed.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engine } from '../../engine.ts'
import { headerOf } from '../raw-response.ts'
import { answer, httpApp, readAll, served } from '../served.ts'
import { get } from './case.ts'
import { CORPUS } from './corpus.ts'
import { OVER_NODE } from './over-node.ts'
import type { HttpScope } from 'isthmus'
import type { RawClient } from '../raw-client.ts'
import type { RawResponse } from '../raw-response.ts'
import type { Served } from '../served.ts'
import type { CorpusCase, ExpectedRequest } from './case.ts'

type Seen = Pick<Required<ExpectedRequest>, 'method' | 'headers' | 'body'> &
  Pick<HttpScope, 'httpVersion'>

// An upgrade to WebSocket is a handshake, which has tests of its own.
const isHandshake = ({ bytes }: CorpusCase): boolean =>
  /upgrade:.*websocket/i.test(bytes) && /connection:.*upgrade/i.test(bytes)

const isAsked = (entry: CorpusCase): boolean =>
  entry.then !== 'unfinished' && !(engine === 'node' && OVER_NODE.has(entry.name))

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
