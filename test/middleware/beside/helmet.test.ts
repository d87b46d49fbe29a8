// securityHeaders() beside the package helmet: both send the same fields, apart from the differences that this file names.

import fc from 'fast-check'
import helmet from 'helmet'
import { describe, expect, it } from 'vitest'
import { sync } from '../../../src/bridge/style.ts'
import { securityHeaders } from '../../../src/middleware/security-headers.ts'
import { testClient } from '../../../src/testing/test-client.ts'
import type { HelmetOptions } from 'helmet'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SecurityHeadersOptions } from '../../../src/middleware/security-headers.ts'

/** One set of options in both spellings. */
interface Case {
  ours: SecurityHeadersOptions
  theirs: HelmetOptions
}

// --- the differences on purpose ---

/** A field that has a list of values takes the value itself; helmet takes an object with the value. */
const option =
  (name: string, key: string) =>
  (value: string | boolean): Case => ({
    ours: { [name]: value },
    theirs: { [name]: typeof value === 'string' ? { [key]: asTheirs(value) } : value },
  })

/** `allow` is true for `on`. A list of policies is an array. */
const asTheirs = (value: string): boolean | string | string[] =>
  ({ on: true, off: false })[value] ?? (value.includes(',') ? value.split(', ') : value)

/** A list in a field has a blank after each comma, as the app writes it; helmet leaves it out. */
const withoutBlanks = (text: string): string => text.replaceAll(', ', ',')

/** Times are in ms, as in all of isthmus; helmet takes seconds. */
const transport = ({ seconds, ...others }: Transport): Case => ({
  ours: { strictTransportSecurity: { maxAgeMs: seconds * 1_000, ...others } },
  theirs: { strictTransportSecurity: { maxAge: seconds, ...others } },
})

interface Transport {
  seconds: number
  includeSubDomains: boolean
  preload: boolean
}

// --- both sides ---

type Fields = Record<string, string>

function theirs({ theirs: options }: Case): Fields {
  const fields: Fields = { 'x-powered-by': 'Coffee' }
  const response = {
    setHeader: (name: string, value: string) => void (fields[name.toLowerCase()] = value),
    removeHeader: (name: string) => void delete fields[name.toLowerCase()],
  }
  let failure: unknown
  const request = { url: '/row' } as IncomingMessage
  helmet(options)(request, response as unknown as ServerResponse, (error) => (failure = error))
  if (failure !== undefined) throw failure as Error
  return fields
}

async function ours({ ours: options }: Case): Promise<Fields> {
  const app = sync((_environ, startResponse) => {
    startResponse('200 OK', [['x-powered-by', 'Coffee']])
    return []
  })
  await using client = await testClient(securityHeaders(options)(app), { lifespan: 'off' })
  const { headers } = await client.get('/row')
  const own = headers.list.filter(([name]) => !['content-length', 'date', 'server'].includes(name))
  return Object.fromEntries(own.map(([name, value]) => [name, withoutBlanks(value)]))
}

// --- the cases ---

const listed = (name: string, key: string, values: string[]): fc.Arbitrary<Case> =>
  fc.oneof(fc.constantFrom(...values), fc.boolean()).map(option(name, key))

const switched = (name: string): fc.Arbitrary<Case> =>
  fc.boolean().map((value) => ({ ours: { [name]: value }, theirs: { [name]: value } }))

const sources = fc.oneof(
  fc.constantFrom<string | string[] | null>("'self'", '*.a.test', null, []),
  fc.subarray(["'self'", "'unsafe-inline'", 'https:', 'data:', 'a.test:8443', "'nonce-abc'"]),
)
/** A function gets the request of its own side. */
const told: Case[] = [
  {
    ours: { contentSecurityPolicy: { directives: { scriptSrc: ["'self'", ({ path }) => path] } } },
    theirs: {
      contentSecurityPolicy: {
        directives: { scriptSrc: ["'self'", ({ url }) => String(url)] },
      },
    },
  },
]
const policy: fc.Arbitrary<Case> = fc
  .record({
    useDefaults: fc.boolean(),
    reportOnly: fc.boolean(),
    directives: fc.dictionary(
      fc.constantFrom('scriptSrc', 'img-src', 'connectSrc', 'sandbox', 'upgradeInsecureRequests'),
      sources,
    ),
    defaultSrc: fc.constantFrom("'none'", ["'self'", 'b.test']),
  })
  .map(({ defaultSrc, directives, ...others }) => {
    // `{ defaultSrc: null }` removes the directive; helmet needs a symbol for that, and has no case here.
    const contentSecurityPolicy = { ...others, directives: { defaultSrc, ...directives } }
    return {
      ours: { contentSecurityPolicy },
      theirs: { contentSecurityPolicy },
    }
  })

const parts: Array<fc.Arbitrary<Case>> = [
  fc.oneof(policy, switched('contentSecurityPolicy'), fc.constantFrom(...told)),
  listed('crossOriginEmbedderPolicy', 'policy', ['require-corp', 'credentialless', 'unsafe-none']),
  listed('crossOriginOpenerPolicy', 'policy', ['same-origin-allow-popups', 'unsafe-none']),
  listed('crossOriginResourcePolicy', 'policy', ['same-origin', 'same-site', 'cross-origin']),
  switched('originAgentCluster'),
  listed('referrerPolicy', 'policy', ['origin', 'no-referrer, strict-origin', 'unsafe-url']),
  fc.oneof(
    switched('strictTransportSecurity'),
    fc
      .record({ seconds: fc.nat(10 ** 9), includeSubDomains: fc.boolean(), preload: fc.boolean() })
      .map(transport),
  ),
  switched('xContentTypeOptions'),
  listed('xDnsPrefetchControl', 'allow', ['on', 'off']),
  switched('xDownloadOptions'),
  listed('xFrameOptions', 'action', ['SAMEORIGIN', 'DENY']),
  listed('xPermittedCrossDomainPolicies', 'permittedPolicies', ['none', 'master-only', 'all']),
  switched('xPoweredBy'),
  switched('xXssProtection'),
]
const cases: fc.Arbitrary<Case> = fc
  .tuple(...parts.map((part) => fc.option(part, { nil: { ours: {}, theirs: {} } })))
  .map((chosen) => ({
    ours: Object.assign({}, ...chosen.map(({ ours }) => ours)) as SecurityHeadersOptions,
    theirs: Object.assign({}, ...chosen.map(({ theirs }) => theirs)) as HelmetOptions,
  }))

describe('securityHeaders() beside helmet', () => {
  it('sends the same fields by default', async () => {
    const none = { ours: {}, theirs: {} }
    expect(await ours(none)).toEqual(theirs(none))
  })

  it('sends the same fields for the same options', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        expect(await ours(one)).toEqual(theirs(one))
      }),
      { seed: 6797, numRuns: 250 },
    )
  }, 60_000)
})
