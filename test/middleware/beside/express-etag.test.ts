// conditionalGet() beside res.send() of Express 5: both send the same tag and the same status, apart from the differences
// that this file names.

import express from 'express'
import fc from 'fast-check'
import { once } from 'node:events'
import { Agent, createServer, request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sync } from '../../../src/bridge/style.ts'
import { conditionalGet } from '../../../src/middleware/conditional-get.ts'
import { testClient } from '../../../src/testing/test-client.ts'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'

type Fields = Record<string, string>

interface Case {
  etag: 'weak' | 'strong' | false
  method: 'GET' | 'HEAD'
  body: string
  own: Fields
  headers: Fields
}

interface Answer {
  status: number
  fields: Fields
  body: string
}

// --- the differences on purpose ---

/** RFC 9110, 13.1.3: a value that is no date, such as the year 2094, is ignored. Express takes it for a date. */
const withoutNoDate = ({ 'if-modified-since': since, ...others }: Fields): Fields =>
  since?.endsWith(' GMT') ? { ...others, 'if-modified-since': since } : others

/** An If-None-Match without a tag matches no tag, and still replaces If-Modified-Since. Express ignores it. */
const withTag = (headers: Fields): Fields =>
  headers['if-none-match'] === '' ? { ...headers, 'if-none-match': '"no tag"' } : headers

/**
 * An empty answer to HEAD gets no tag, because it may stand for any body. Express gives it the tag of an empty body. The
 * other difference needs no case: Express gives a tag to each status and method, conditionalGet() to GET, HEAD and 200.
 */
const isKnown = ({ method, body, own }: Case): boolean =>
  method === 'GET' || body !== '' || own['etag'] !== undefined

// --- both sides ---

let server: Server
let current: Case
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

beforeAll(async () => {
  const apps = new Map(
    (['weak', 'strong', false] as const).map((etag) => {
      const app = express()
      app.set('etag', etag)
      app.use((_request, response) => {
        response.set({ 'content-type': 'text/plain; charset=utf-8', ...current.own })
        response.send(current.body)
      })
      return [etag, app]
    }),
  )
  server = createServer((request, response) => apps.get(current.etag)?.(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(() => {
  agent.destroy()
  server.close()
})

async function theirs(one: Case): Promise<Answer> {
  current = one
  const { port } = server.address() as AddressInfo
  const headers = withTag(withoutNoDate(one.headers))
  const target = { host: '127.0.0.1', port, method: one.method, headers, agent }
  const sent = httpRequest(target).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  const fields = fieldsOf(Object.entries(response.headers) as Array<[string, string]>)
  return { status: response.statusCode ?? 0, fields, body }
}

async function ours(one: Case): Promise<Answer> {
  const { method, body, own, headers } = one
  const app = sync((_environ, startResponse) => {
    const pairs = Object.entries({ 'content-type': 'text/plain; charset=utf-8', ...own })
    startResponse('200 OK', pairs)
    return [body]
  })
  await using client = await testClient(conditionalGet({ etag: one.etag })(app), {
    lifespan: 'off',
  })
  const response = await client.request(method, '/', { headers })
  const fields = fieldsOf(response.headers.list)
  return { status: response.status, fields, body: response.text() }
}

/** The fields that guide caches, and those about the content. */
const COMPARED = ['etag', 'last-modified', 'cache-control', 'vary', 'content-type']

function fieldsOf(list: Iterable<readonly [string, string]>): Answer['fields'] {
  return Object.fromEntries([...list].filter(([name]) => COMPARED.includes(name)))
}

// --- the cases ---

const BODIES = ['', 'seats', 'grün', 'x'.repeat(2_000)]
const TAGS = [
  'W/"5-BdVg/v0veHOuE+aDJYVlcw261TM"',
  '"5-BdVg/v0veHOuE+aDJYVlcw261TM"',
  'W/"0-2jmj7l5rSw0yVb/vlWAYkK/YBwk"',
  '"own"',
  'W/"own"',
  '"other"',
]
const DATES = [
  'Sun, 06 Nov 1994 08:49:36 GMT',
  'Sun, 06 Nov 1994 08:49:37 GMT',
  'Sunday, 06-Nov-94 08:49:37 GMT',
  '2094',
]
const noneMatch = fc.oneof(
  fc.constantFrom('*', '', 'own', ...TAGS),
  fc.array(fc.constantFrom(...TAGS), { minLength: 2, maxLength: 4 }).map((tags) => tags.join(', ')),
  fc.array(fc.constantFrom(...TAGS), { minLength: 2, maxLength: 3 }).map((tags) => tags.join(',')),
)
const cases: fc.Arbitrary<Case> = fc
  .record({
    etag: fc.constantFrom<Case['etag']>('weak', 'weak', 'strong', false),
    method: fc.constantFrom('GET', 'GET', 'HEAD'),
    body: fc.constantFrom(...BODIES),
    own: fc.record(
      {
        etag: fc.constantFrom('"own"', 'W/"own"'),
        'last-modified': fc.constantFrom(...DATES.slice(0, 3)),
        'cache-control': fc.constantFrom('max-age=60', 'no-store'),
        vary: fc.constant('Cookie'),
      },
      { requiredKeys: [] },
    ),
    headers: fc.record(
      {
        'if-none-match': noneMatch,
        'if-modified-since': fc.constantFrom(...DATES),
        'cache-control': fc.constantFrom('no-cache', 'max-age=0'),
      },
      { requiredKeys: [] },
    ),
  })
  .filter(isKnown)

describe('conditionalGet() beside res.send() of Express 5', () => {
  it('sends the same tag and the same status', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        expect(await ours(one)).toEqual(await theirs(one))
      }),
      { seed: 9110, numRuns: 250 },
    )
  }, 60_000)
})
