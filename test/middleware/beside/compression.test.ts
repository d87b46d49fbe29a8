// compress() beside the package compression: both choose the same coding and the same Vary, apart from the differences that
// this file names.

import compression from 'compression'
import fc from 'fast-check'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { sync } from '../../../src/bridge/style.ts'
import { compress } from '../../../src/middleware/compress.ts'
import { testClient } from '../../../src/testing/test-client.ts'

interface Case {
  accept: string | undefined
  method: string
  status: number
  fields: Record<string, string>
  bytes: number
  minBytes: number
}

interface Answer {
  coding: string | undefined
  vary: string | undefined
}

// --- the differences on purpose ---

/** RFC 9110, 8.4.1.3: a recipient takes x-gzip for gzip. The package sends such a client the plain body. */
const withoutOldName = (accept: string): string => accept.replaceAll(/x-gzip/gi, 'gzip')

/** deflate is not offered: clients disagree about its form. The package offers it to those that refuse the others. */
const isDeflate = ({ coding }: Answer): boolean => coding === 'deflate'

/**
 * RFC 9110, 12.5.3: a client that refuses the plain body gets a coding for a short body too, if it is not empty. The
 * package sends the plain body.
 */
const refusesPlain = (accept: string): boolean => {
  const weights = new Map(
    accept
      .toLowerCase()
      .split(',')
      .map((member) => member.trim().split(/\s*;\s*q\s*=\s*/))
      .map(([name = '', weight = '1']) => [name, Number(weight)]),
  )
  return (weights.get('identity') ?? weights.get('*') ?? 1) === 0
}

/** A response to HEAD has the fields of the response to GET (RFC 9110, 9.3.2). The package encodes no HEAD. */
const asGet = (method: string): string => (method === 'HEAD' ? 'GET' : method)

/** A part is a part of the whole body, in the coding of the whole (RFC 9110, 14.2), so only its Vary is the same. */
const isPart = ({ status, fields }: Case): boolean => status === 206 || 'content-range' in fields

/** A 206 may leave out the type that the 200 has (RFC 9110, 15.3.7), and has the Vary of the 200. */
const hasUnknownType = ({ status, fields }: Case): boolean =>
  status === 206 && !('content-type' in fields)

/** An app that names a coding, even identity, has chosen: the response does not vary by our choice. */
const hasChosen = ({ fields }: Case): boolean => 'content-encoding' in fields

/** A 205 has no content (RFC 9110, 15.3.6). */
const hasNoContent = ({ status }: Case): boolean => status === 205

/** An empty body stays empty, also with a threshold of 0. */
const isEmpty = ({ bytes }: Case): boolean => bytes === 0

async function theirs(one: Case): Promise<Answer> {
  const { status, bytes } = one
  const accept = one.accept === undefined ? undefined : withoutOldName(one.accept)
  const fields = hasUnknownType(one) ? { 'content-type': 'text/plain', ...one.fields } : one.fields
  const request = new IncomingMessage(new Socket())
  request.method = asGet(one.method)
  if (accept !== undefined) request.headers['accept-encoding'] = accept
  const response = new ServerResponse(request)
  const threshold = accept !== undefined && refusesPlain(accept) ? 0 : one.minBytes
  await new Promise<void>((resolve) => {
    compression({ threshold })(request as never, response as never, () => resolve())
  })
  response.statusCode = status
  for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
  response.end('x'.repeat(bytes))
  response.destroy()
  const answer = {
    coding: response.getHeader('content-encoding') as string | undefined,
    vary: response.getHeader('vary') as string | undefined,
  }

  if (hasChosen(one)) return { coding: fields['content-encoding'], vary: undefined }
  if (hasNoContent(one)) return { coding: undefined, vary: undefined }
  if (isPart(one) || isEmpty(one) || isDeflate(answer)) return { ...answer, coding: undefined }
  return answer
}

async function ours({ accept, method, status, fields, bytes, minBytes }: Case): Promise<Answer> {
  const app = sync((_environ, startResponse) => {
    startResponse(`${status} Fine`, Object.entries(fields))
    return ['x'.repeat(bytes)]
  })
  const wrapped = compress({ codings: ['br', 'gzip'], minBytes })(app)
  await using client = await testClient(wrapped, { lifespan: 'off' })
  const headers: Record<string, string> = accept === undefined ? {} : { 'accept-encoding': accept }
  const response = await client.request(method, '/', { headers })
  return {
    coding: response.headers.get('content-encoding'),
    vary: response.headers.get('vary'),
  }
}

// --- the cases ---

const weight = fc.constantFrom(
  '',
  ';q=0',
  ';q=0.0',
  ';q=1',
  ';q=0.5',
  ' ; q=0.5',
  ';q=0.001',
  ';q=1.000',
)
const member = fc
  .tuple(
    fc.constantFrom('br', 'gzip', 'GZIP', 'x-gzip', 'identity', '*', 'zstd', 'compress'),
    weight,
  )
  .map((parts) => parts.join(''))
const accepts = fc
  // Names are not repeated: their order would decide.
  .uniqueArray(member, {
    maxLength: 5,
    selector: (one) => withoutOldName(one).split(/\s*;/)[0]?.toLowerCase(),
  })
  .chain((members) => fc.constantFrom(', ', ',', ' , ').map((comma) => members.join(comma)))
const fieldsOf = fc.record(
  {
    'content-type': fc.constantFrom(
      'text/plain',
      'TEXT/HTML; charset=utf-8',
      'image/png',
      'application/json',
      'font/woff2',
    ),
    'cache-control': fc.constantFrom(
      'no-transform',
      'private, No-Transform',
      'max-age=1',
      'x-no-transform',
    ),
    'content-encoding': fc.constantFrom('br', 'identity'),
    'content-range': fc.constant('bytes 0-9/10'),
  },
  { requiredKeys: [] },
)
const cases: fc.Arbitrary<Case> = fc.record({
  accept: fc.option(accepts, { nil: undefined }),
  method: fc.constantFrom('GET', 'POST', 'HEAD'),
  status: fc.constantFrom(200, 200, 200, 201, 205, 206, 404, 500),
  fields: fieldsOf,
  bytes: fc.constantFrom(0, 1, 99, 100, 101, 2_000),
  minBytes: fc.constantFrom(0, 100, 1_024),
})

describe('compress() beside compression', () => {
  it('chooses the same coding, and says the same about it', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        expect(await ours(one)).toEqual(await theirs(one))
      }),
      { seed: 9110, numRuns: 1_500 },
    )
  }, 60_000)
})
