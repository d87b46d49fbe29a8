// conditionalGet(): gives whole bodies an entity tag, and answers 304 to a client that has the response already.

import etag from 'etag'
import fresh from 'fresh'
import { checkNumber, completeOptions, invalidOption } from '../complete-options.ts'
import { middleware } from '../chain/middleware.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { ChainResponse } from '../chain/response.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link conditionalGet}. */
export interface ConditionalGetOptions {
  /**
   * The tag of a whole body without an own tag. A `strong` tag promises the same bytes, so nothing between this
   * middleware and the client may change the body; false makes no tags. Default `weak`.
   */
  etag?: 'weak' | 'strong' | false | undefined
  /** The length of the longest body that gets a tag, in bytes: the hash runs on the thread of the app. Default 1,048,576. */
  maxBytes?: number | undefined
}

const DEFAULTS = {
  etag: 'weak' as 'weak' | 'strong' | false,
  maxBytes: 1_048_576,
}

// RFC 9110, 15.4.5: a 304 has no metadata of the content, apart from the fields that guide a cache. Content-Location
// stays.
const FIELDS_OF_CONTENT = [
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'content-digest',
  'repr-digest',
  'digest',
  'content-md5',
]

/**
 * Gives the 200 of a GET or HEAD an `ETag`, and answers 304 without a body if the client has the same response already,
 * by `If-None-Match` or else by `If-Modified-Since`. The app still makes the response: this saves the transfer, not the
 * work.
 *
 * A whole body gets a tag: its length and a hash, as Express makes it. These responses get none: a response with an own
 * `ETag`, a stream, a file that the server sends, a body that a middleware inside changes, and a body above `maxBytes`.
 * An own `ETag` and an own `Last-Modified` are compared for every kind of body. A request for a range stays unchanged.
 *
 * Put it inside `compress()`: there it sees the body before the coding, and one tag serves all codings.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 * @see RFC 9110, 13.1.2, 13.1.3 and 15.4.5
 *
 * @example
 * chain(compress(), conditionalGet())(app)
 */
export function conditionalGet(options: ConditionalGetOptions = {}): Wrap {
  const settings = checked(completeOptions('conditionalGet', options, DEFAULTS))
  return middleware('conditional-get', function* (request, next) {
    const response = yield* next(request)
    if (!isConcerned(request, response)) return response

    const { headers } = response
    if (!headers.has('etag')) {
      const tag = tagOf(request, response, settings)
      if (tag !== undefined) headers.set('etag', tag)
    }
    if (!isFresh(request, response)) return response

    response.status = 304
    for (const name of FIELDS_OF_CONTENT) headers.delete(name)
    return response
  })
}

function isConcerned(request: ChainRequest, { status }: ChainResponse): boolean {
  const { kind, method, headers } = request
  if (kind !== 'http' || status !== 200) return false
  return (method === 'GET' || method === 'HEAD') && !headers.has('range')
}

function tagOf(
  request: ChainRequest,
  { body, headers }: ChainResponse,
  settings: typeof DEFAULTS,
): string | undefined {
  if (settings.etag === false || body === null) return undefined
  const bytes = body.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0)
  if (bytes > settings.maxBytes) return undefined
  // The answer of an app to HEAD may have no body, or a part of the body: its tag would not be the tag of the GET.
  const length = headers.get('content-length')
  if (request.method === 'HEAD' && bytes === 0) return undefined
  if (length !== undefined && Number(length) !== bytes) return undefined

  const parts = body.map((chunk) => Buffer.from(chunk as Uint8Array))
  const whole = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  return etag(whole, { weak: settings.etag === 'weak' })
}

function isFresh({ headers: asked }: ChainRequest, { headers }: ChainResponse): boolean {
  const noneMatch = asked.get('if-none-match')
  // RFC 9110, 13.1.3: If-None-Match comes first, and a date that is none is ignored.
  const since = noneMatch === undefined ? dateOf(asked.get('if-modified-since')) : undefined
  return fresh(
    {
      'if-none-match': noneMatch,
      'if-modified-since': since,
      'cache-control': asked.get('cache-control'),
    },
    { etag: headers.get('etag'), 'last-modified': dateOf(headers.get('last-modified')) },
  )
}

// The three forms of a date (RFC 9110, 5.6.7). Date.parse() would take any number for a year, and the third form, which
// does not name its zone, for local time.
const DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/
const OLD_DATE = /^[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/
const DATE_OF_C = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/

function dateOf(field: string | undefined): string | undefined {
  if (field === undefined || DATE.test(field) || OLD_DATE.test(field)) return field
  return DATE_OF_C.test(field) ? `${field} GMT` : undefined
}

function checked(settings: typeof DEFAULTS): typeof DEFAULTS {
  const kinds: readonly unknown[] = ['weak', 'strong', false]
  if (!kinds.includes(settings.etag)) {
    throw invalidOption('conditionalGet', 'etag', settings.etag, 'it is weak, strong or false')
  }
  checkNumber('conditionalGet', 'maxBytes', settings.maxBytes, { min: 0, isWhole: true })
  return settings
}
