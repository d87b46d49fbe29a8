// accessLog() beside the package morgan: both write the same line, apart from the differences that this file names.

import fc from 'fast-check'
import morgan from 'morgan'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sync } from '../../../src/bridge/style.ts'
import { chain } from '../../../src/chain/chain.ts'
import { accessLog } from '../../../src/middleware/access-log.ts'
import { basicAuth } from '../../../src/middleware/basic-auth.ts'
import { testClient } from '../../../src/testing/test-client.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'

interface Case {
  format: 'common' | 'combined'
  client: [host: string, port: number] | null
  method: string
  path: string
  query: string
  hasQueries: boolean
  httpVersion: '1.0' | '1.1'
  referer: string | undefined
  agent: string | undefined
  login: { user: string; isRight: boolean } | undefined
  status: number
  bytes: number
}

// --- the differences on purpose ---

/** A query may contain secrets, so it is left out by default, from the Referer too. An empty query is never written. */
const urlOf = ({ path, query, hasQueries }: Case): string =>
  hasQueries && query !== '?' ? path + query : path
const refererOf = ({ referer, hasQueries }: Case): string | undefined =>
  referer?.replace(hasQueries ? /\?$/ : /\?.*$/, '')

/** The name of the user is that of a checked login: a client can claim any. morgan writes the claim. */
const userOf = ({ login }: Case): string | undefined => (login?.isRight ? login.user : undefined)

/** The number is that of the bytes that were sent; the format of Apache has a dash for none. morgan writes the Content-Length. */
const lengthOf = ({ method, bytes }: Case, isRefused: boolean): string | undefined => {
  if (method === 'HEAD') return undefined
  if (isRefused) return String(Buffer.byteLength('A name and a password are needed.\n'))
  return bytes === 0 ? undefined : String(bytes)
}

/** A field that is there is not a dash, even if it is empty. */
const fieldOf = (value: string | undefined): string | undefined => (value === '' ? EMPTY : value)
const EMPTY = 'an empty field'

/** The characters that could forge a line are written as nginx writes them. morgan writes them as JSON does. */
const asNginx = (line: string): string =>
  line.replaceAll(/\\(?:u([\da-f]{4})|(.))/g, (_all, code: string | undefined, one: string) => {
    const shorthand: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
    const point = code === undefined ? (shorthand[one] ?? one).charCodeAt(0) : parseInt(code, 16)
    return `\\x${point.toString(16).padStart(2, '0')}`
  })

/** Bytes beyond ASCII are escaped too: a terminal may read them as controls. morgan escapes U+0080 to U+009F only. */
const inAscii = (line: string): string =>
  line.replaceAll(/[\x80-\xff]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`)

/** A name of two words is one word of the line. morgan writes the blank. */
const asOneWord = (user: string | undefined): string | undefined => user?.replaceAll(' ', BLANK)
const BLANK = 'BLANK'

function theirs(one: Case): string {
  const isRefused = !one.login?.isRight
  const user = asOneWord(userOf(one))
  const credentials = user === undefined ? '' : Buffer.from(`${user}:x`).toString('base64')
  const request = {
    ip: one.client?.[0],
    method: one.method,
    url: urlOf(one),
    httpVersionMajor: 1,
    httpVersionMinor: Number(one.httpVersion.slice(2)),
    headers: {
      referer: fieldOf(refererOf(one)),
      'user-agent': fieldOf(one.agent),
      ...(user === undefined ? {} : { authorization: `Basic ${credentials}` }),
    },
  }
  const response = {
    headersSent: true,
    statusCode: isRefused ? 401 : one.status,
    getHeader: () => lengthOf(one, isRefused),
  }
  const { compile, [one.format]: format } = morgan as unknown as Morgan
  const line = compile(format)(
    morgan as never,
    request as unknown as IncomingMessage,
    response as unknown as ServerResponse,
  )
  return inAscii(asNginx(line ?? ''))
    .replaceAll(EMPTY, '')
    .replaceAll(BLANK, '\\x20')
}

type Morgan = { compile: typeof morgan.compile } & Record<Case['format'], string>

async function ours(one: Case): Promise<string> {
  const { format, method, path, query, hasQueries, login, bytes, status, client } = one
  const lines: string[] = []
  const app = sync((_environ, startResponse) => {
    startResponse(`${status} Fine`, [])
    return ['x'.repeat(bytes)]
  })
  const logged = chain(
    accessLog({ format, query: hasQueries, write: (line) => void lines.push(line) }),
    basicAuth({ verify: (_user, password) => password === 'right' }),
  )(app)
  await using asking = await testClient(logged, { lifespan: 'off', client })
  const headers: Record<string, string> = {}
  if (one.referer !== undefined) headers['referer'] = one.referer
  if (one.agent !== undefined) headers['user-agent'] = one.agent
  if (login) {
    const pair = `${login.user}:${login.isRight ? 'right' : 'wrong'}`
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`
  }
  await asking.request(method, path + query, { headers, httpVersion: one.httpVersion })
  return lines.join('\n')
}

// --- the cases ---

// Texts that a field can have: a parser removes blanks at the ends.
const text = fc
  .string({ unit: fc.constantFrom(...' ab"\\\t[]%/é\x80\x9f\xff'.split('')), maxLength: 8 })
  .map((value) => value.replaceAll(/^[ \t]+|[ \t]+$/g, ''))
const cases: fc.Arbitrary<Case> = fc.record({
  format: fc.constantFrom('common', 'combined'),
  client: fc.constantFrom<Case['client']>(['192.0.2.1', 80], ['2001:db8::1', 443], null),
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'M-SEARCH'),
  path: fc.constantFrom('/', '/a%20b', '/a/b.html', '/%22', '/~a;b=c'),
  query: fc.constantFrom('', '?', '?token=secret', '?a=%22&b=1?2'),
  hasQueries: fc.boolean(),
  httpVersion: fc.constantFrom('1.0', '1.1'),
  referer: fc.option(
    fc.oneof(text, fc.constantFrom('http://a.test/b?token=1', 'http://a.test/?', '?', 'a?b"?c')),
    { nil: undefined },
  ),
  agent: fc.option(text, { nil: undefined }),
  login: fc.option(
    fc.record({ user: fc.constantFrom('will', 'box office', 'a"b'), isRight: fc.boolean() }),
    { nil: undefined },
  ),
  status: fc.constantFrom(200, 201, 302, 404, 500),
  bytes: fc.constantFrom(0, 1, 5, 2_000),
})

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 8, 3, 4, 5, 6, 7) })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('accessLog() beside morgan', () => {
  it('writes the same line', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        expect(await ours(one)).toBe(theirs(one))
      }),
      { seed: 1413, numRuns: 1_500 },
    )
  }, 60_000)
})
