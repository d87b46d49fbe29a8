// cors() beside the package cors: both send the same fields, apart from the differences that this file names.

import corsPackage from 'cors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sync } from '../../../src/bridge/style.ts'
import { cors } from '../../../src/middleware/cors.ts'
import { testClient } from '../../../src/testing/test-client.ts'

interface Case {
  origins: '*' | Array<string | RegExp>
  methods: string[]
  allowHeaders: '*' | string[]
  exposeHeaders: string[]
  isCredentialed: boolean
  maxAgeSeconds: number
  method: string
  headers: Record<string, string>
}

/** An answer: the fields of CORS and Vary as sets, and whether the middleware answered in place of the app. */
interface Answer {
  status: number
  fields: Record<string, string[]>
}

// --- the differences on purpose ---

/** Fetch, 4.8: a preflight has both fields. The package answers every OPTIONS request, so that no app gets one. */
const isForTheApp = ({ method, headers }: Case): boolean =>
  method !== 'OPTIONS' || !('origin' in headers) || !('access-control-request-method' in headers)

/** A refused preflight gets 403 and no permissions: its browser reads neither. The package sends 204 and the permissions. */
const isRefused = ({ origins, headers }: Case): boolean =>
  origins !== '*' &&
  !origins.some((origin) =>
    typeof origin === 'string'
      ? origin === headers['origin']
      : origin.test(headers['origin'] ?? ''),
  )

/** A response that an origin may not read needs no permissions for its scripts. The package sends them all the same. */
const PERMISSIONS = ['access-control-allow-credentials', 'access-control-expose-headers']

/** Words that are no names of fields are not sent back. The package repeats the text of the client. */
const isName = (text: string): boolean => /^[\w!#$%&'*+.^`|~-]+$/.test(text)

function theirs(one: Case): Answer {
  const { origins, methods, exposeHeaders, allowHeaders, method, headers } = one
  const sent = new Map<string, string>()
  const response = {
    statusCode: 200,
    getHeader: (name: string) => sent.get(name.toLowerCase()),
    setHeader: (name: string, value: string) => void sent.set(name.toLowerCase(), value),
    end: () => undefined,
  }
  const options = {
    origin: origins,
    methods,
    exposedHeaders: exposeHeaders,
    credentials: one.isCredentialed,
    maxAge: one.maxAgeSeconds,
    ...(allowHeaders === '*' ? {} : { allowedHeaders: allowHeaders }),
  }
  const handle = corsPackage(options)
  const asked = isForTheApp(one) ? 'GET' : method
  handle({ method: asked, headers }, response, () => undefined)

  const fields = fieldsOf(sent)
  if (isRefused(one)) {
    for (const name of PERMISSIONS) delete fields[name]
    if (isForTheApp(one)) return { status: 200, fields }
    return { status: 403, fields: { vary: ['origin'] } }
  }
  const names = fields['access-control-allow-headers']?.filter(isName)
  if (names) fields['access-control-allow-headers'] = names
  if (names?.length === 0) delete fields['access-control-allow-headers']
  return { status: response.statusCode, fields }
}

async function ours(one: Case): Promise<Answer> {
  const { origins, methods, exposeHeaders, allowHeaders, method, headers } = one
  const wrap = cors({
    origins,
    methods,
    exposeHeaders,
    allowHeaders,
    credentials: one.isCredentialed,
    maxAgeMs: one.maxAgeSeconds * 1_000,
  })
  const app = sync((_environ, startResponse) => {
    startResponse('200 OK', [])
    return []
  })
  await using client = await testClient(wrap(app), { lifespan: 'off' })
  const response = await client.request(method, '/', { headers })
  return { status: response.status, fields: fieldsOf(response.headers.list) }
}

/** The members of the fields of CORS and of Vary. Vary has names without case, in any order. */
function fieldsOf(list: Iterable<readonly [string, string]>): Record<string, string[]> {
  const fields: Record<string, string[]> = {}
  for (const [name, value] of list) {
    if (!/^(?:access-control-.*|vary)$/.test(name)) continue
    const members = value.split(',').map((member) => member.trim())
    const known = fields[name] ?? []
    fields[name] = name === 'vary' ? [...known, ...members].map(lower).toSorted() : members
  }
  return fields
}

const lower = (text: string): string => text.toLowerCase()

// --- the cases ---

const ORIGINS = ['https://a.test', 'https://b.test:8443', 'http://a.test', 'null']
const NAMES = ['x-one', 'X-Two', 'content-type', 'authorization']
const names = fc.subarray(NAMES)
const ofClient = fc.record(
  {
    origin: fc.constantFrom(...ORIGINS, 'https://evil.test', 'https://a.test.evil.test'),
    'access-control-request-method': fc.constantFrom('PUT', 'GET', 'BREW'),
    'access-control-request-headers': fc.constantFrom(
      'x-one',
      'X-One, x-two',
      'a b, x-one,',
      '',
      '*',
    ),
  },
  { requiredKeys: [] },
)
const cases: fc.Arbitrary<Case> = fc
  .record({
    origins: fc.oneof(
      fc.constant('*' as const),
      fc.array(fc.constantFrom<string | RegExp>(...ORIGINS, /^https:\/\/[ab]\.test(?::\d+)?$/)),
    ),
    methods: fc.subarray(['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'], { minLength: 1 }),
    allowHeaders: fc.oneof(fc.constant('*' as const), names),
    exposeHeaders: names,
    isCredentialed: fc.boolean(),
    maxAgeSeconds: fc.nat(100_000),
    method: fc.constantFrom('GET', 'POST', 'OPTIONS', 'OPTIONS'),
    headers: ofClient,
  })
  // Credentials exclude a `*`, which cors() refuses when it is made.
  .filter(({ origins, isCredentialed }) => !isCredentialed || origins !== '*')

describe('cors() beside the package cors', () => {
  it('sends the same fields', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        expect(await ours(one)).toEqual(theirs(one))
      }),
      { seed: 6454, numRuns: 1_500 },
    )
  }, 60_000)
})
