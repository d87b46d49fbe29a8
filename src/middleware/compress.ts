// compress(): sends bodies in a content coding that the client accepts, and flushes streams chunk by chunk.

import compressible from 'compressible'
import Negotiator from 'negotiator'
import { AppError } from '../errors.ts'
import { CODINGS, awaitingStream, blockingStream, wholeBody } from './encoder.ts'
import { mapBody } from '../chain/response.ts'
import { middleware } from '../chain/middleware.ts'
import { isEventStream } from '../http/content.ts'
import { appendVary } from '../http/vary.ts'
import { checkNumber, completeOptions, invalidOption } from '../complete-options.ts'
import type { Complete } from '../complete-options.ts'
import type { Chunk } from '../contract/environ.ts'
import type { ContentCoding, Encoder } from './encoder.ts'
import type { HeaderList } from '../chain/header-list.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { ChainResponse } from '../chain/response.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link compress}. */
export interface CompressOptions {
  /** The codings to offer, the best first; the preference of the client comes before this order. Default `br`, `zstd` (if this Node has it), `gzip`. */
  codings?: readonly ContentCoding[] | undefined
  /** The length of the shortest body to compress, in bytes. A stream is always compressed. Default 1,024. */
  minBytes?: number | undefined
  /** Media types to compress besides those that mime-db calls compressible. Default none. */
  types?: ReadonlyArray<string | RegExp> | undefined
  /**
   * Decides if a response is compressed, from its head and its request: true or false, or undefined for the default
   * decision by `types`. It is asked about responses that may be compressed, before their length counts. Default none.
   */
  filter?: ((response: ChainResponse, request: ChainRequest) => boolean | undefined) | undefined
  /** Whether each chunk of a stream is sent at once. False waits for more bytes, which compresses better; server-sent events never wait. Default true. */
  flush?: boolean | undefined
  /** Quality of br, 0 to 11. Default 4. */
  brQuality?: number | undefined
  /** Level of gzip, 1 to 9. Default 6. */
  gzipLevel?: number | undefined
  /** Level of zstd, 1 to 22. Default 3. */
  zstdLevel?: number | undefined
}

type Settings = Complete<CompressOptions>

/** A method of Negotiator; its type lacks the option `preferred`. */
interface Ranking {
  encodings(offered: readonly string[], options: { preferred: readonly string[] }): string[]
}

const DEFAULTS: Settings = {
  codings: CODINGS,
  minBytes: 1024,
  types: [],
  filter: () => undefined,
  flush: true,
  brQuality: 4,
  gzipLevel: 6,
  zstdLevel: 3,
}

// A longer body is compressed on another thread, which costs a round trip.
const AT_ONCE_BYTES = 32 * 1024
// Archives and pictures have this type too, so mime-db is not asked about it.
const ANYTHING = 'application/octet-stream'
const NO_TRANSFORM = /(?:^|[\s,])no-transform(?:$|[\s,])/i
const BYTE_RANGES = /^multipart\/byteranges\b/i
// RFC 9110, 8.4.1.3: equivalent to gzip.
const X_GZIP = /x-gzip/gi
// Fields about the bytes before the coding, which the client does not get (RFC 9530; RFC 9110, 14.3: ranges are ranges of
// the encoded bytes).
const FIELDS_OF_PLAIN_BYTES = [
  'content-digest',
  'repr-digest',
  'digest',
  'content-md5',
  'accept-ranges',
]

/**
 * Sends bodies in a content coding that the client accepts (RFC 9110, 12.5.3). A stream stays a stream: each chunk is
 * flushed. A strong entity tag becomes a weak one, because the bytes change.
 *
 * These responses stay unchanged: a response with a Content-Encoding, or with a type that does not shrink; 204 and 205;
 * a response with `Cache-Control: no-transform`; an empty body, and a body shorter than `minBytes`, unless the client
 * refuses the plain body; a WebSocket. A 206 and a 304 only get the Vary of the whole response.
 *
 * A body that contains a secret and also text that an attacker can choose reveals the secret by its compressed length
 * (BREACH): answer such a request with `no-transform`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an invalid value
 *
 * @example
 * chain(compress({ minBytes: 2048 }))(app)
 */
export function compress(options: CompressOptions = {}): Wrap {
  const settings = checked(completeOptions('compress', options, DEFAULTS))
  const { minBytes } = settings

  return middleware('compress', function* (request, next) {
    const response = yield* next(request)
    const { headers } = response
    if (request.kind !== 'http' || !mayVary(response, request, settings)) return response

    headers.set('vary', appendVary(headers.getAll('vary'), 'Accept-Encoding'))
    if (response.status === 304) return revalidated(response, request)
    if (isPart(response)) return response

    const { coding, refusesPlain } = preferenceOf(request, settings.codings)
    const leastBytes = refusesPlain ? 1 : Math.max(minBytes, 1)
    if (coding === undefined || !isWorthIt(response, leastBytes)) return response

    headers.set('content-encoding', coding)
    for (const name of FIELDS_OF_PLAIN_BYTES) headers.delete(name)
    weaken(headers)
    return encoded(response, request, { coding, settings })
  })
}

// Whether the 200 to this request is encoded for some clients: a 206 and a 304 have the Vary of the 200 (RFC 9110, 15.3.7
// and 15.4.5), and often no type of its content.
function mayVary(response: ChainResponse, request: ChainRequest, settings: Settings): boolean {
  const { status, headers } = response
  if (status === 204 || status === 205 || headers.has('content-encoding')) return false
  if (headers.getAll('cache-control').some((value) => NO_TRANSFORM.test(value))) return false
  const type = headers.get('content-type')
  if (status === 304 && type === undefined) return true
  if (status === 206 && (type === undefined || BYTE_RANGES.test(type))) return true
  return decided(settings.filter(response, request)) ?? isCompressible(type, settings.types)
}

// A promise is truthy, so it would compress every response.
function decided(answer: unknown): boolean | undefined {
  if (typeof answer === 'boolean' || answer === undefined) return answer
  throw new AppError(
    `compress(): filter() returned ${typeof answer}, not a boolean or undefined: it cannot be async`,
  )
}

function isPart({ status, headers }: ChainResponse): boolean {
  return status === 206 || headers.has('content-range')
}

// A body of unknown length may be long, so a stream and a response to HEAD without a length are worth the work.
function isWorthIt({ headers, body }: ChainResponse, leastBytes: number): boolean {
  const length = headers.get('content-length')
  if (length !== undefined) return Number(length) >= leastBytes
  return body === null || lengthOf(body) >= leastBytes
}

function isCompressible(type: string | undefined, types: Settings['types']): boolean {
  if (type === undefined) return false
  const essence = (type.split(';', 1)[0] as string).trim().toLowerCase()
  if (essence !== ANYTHING && compressible(essence) === true) return true
  // search() ignores the position that an expression with the flag g or y keeps from its last match.
  return types.some((one) =>
    typeof one === 'string' ? one.toLowerCase() === essence : essence.search(one) >= 0,
  )
}

function lengthOf(body: readonly Chunk[]): number {
  return body.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0)
}

interface Preference {
  coding: ContentCoding | undefined
  refusesPlain: boolean
}

function preferenceOf(request: ChainRequest, codings: readonly ContentCoding[]): Preference {
  const accept = request.headers.get('accept-encoding')
  if (accept === undefined) return { coding: undefined, refusesPlain: false }
  const negotiator = new Negotiator({
    headers: { 'accept-encoding': accept.replaceAll(X_GZIP, 'gzip') },
  }) as unknown as Ranking
  const offered = [...codings, 'identity']
  const ranked = negotiator.encodings(offered, { preferred: offered })
  return {
    coding: codings.find((coding) => coding === ranked[0]),
    refusesPlain: !ranked.includes('identity'),
  }
}

function weaken(headers: HeaderList): void {
  const tag = headers.get('etag')
  if (tag?.startsWith('"') === true) headers.set('etag', `W/${tag}`)
}

// RFC 9111, 4.3.4: a 304 carries the tag that the client has, and that may be the weak tag that compress() made.
function revalidated(response: ChainResponse, request: ChainRequest): ChainResponse {
  const tag = response.headers.get('etag')
  const asked = request.headers.get('if-none-match') ?? ''
  if (tag?.startsWith('"') === true && asked.includes(`W/${tag}`)) weaken(response.headers)
  return response
}

interface Choice {
  coding: ContentCoding
  settings: Settings
}

function encoded(response: ChainResponse, request: ChainRequest, choice: Choice): ChainResponse {
  // The length of the encoded body would cost the work of a GET, so a response to HEAD has none (RFC 9110, 9.3.2).
  if (request.method === 'HEAD') return mapBody(response, { chunk: () => '' })

  const type = response.headers.get('content-type') ?? ''
  const flush = choice.settings.flush || isEventStream(type)
  let encoder: Encoder | undefined
  const { body } = response
  const begun = (): Encoder => (encoder ??= encoderFor(body, request, choice))
  return mapBody(response, {
    chunk: (chunk) => begun().encode(chunk, flush),
    // An empty body stays empty, although its head may name the coding: the head of a stream leaves before its length is
    // known, and clients take no bytes as nothing to decode.
    end: () => encoder?.end() ?? '',
    close: () => encoder?.close(),
  })
}

function encoderFor(body: ChainResponse['body'], request: ChainRequest, choice: Choice): Encoder {
  const { coding, settings } = choice
  const efforts = {
    br: settings.brQuality,
    gzip: settings.gzipLevel,
    zstd: settings.zstdLevel,
  }
  if (body && lengthOf(body) <= AT_ONCE_BYTES) return wholeBody(coding, efforts)
  if (request.environ) {
    return body ? wholeBody(coding, efforts) : blockingStream(coding, efforts)
  }
  return awaitingStream(coding, efforts)
}

function checked(settings: Settings): Settings {
  const { codings, types, filter } = settings
  if (!Array.isArray(codings)) throw invalidOption('compress', 'codings', codings, 'it is a list')
  for (const coding of codings) {
    if (CODINGS.includes(coding)) continue
    throw invalidOption('compress', 'codings', coding, `this Node has ${CODINGS.join(', ')}`)
  }
  if (!Array.isArray(types))
    throw invalidOption('compress', 'types', types, 'it is a list of media types')
  if (typeof filter !== 'function')
    throw invalidOption('compress', 'filter', filter, 'it is a function')
  checkNumber('compress', 'minBytes', settings.minBytes, { min: 0, isWhole: true })
  checkEffort('brQuality', settings.brQuality, [0, 11])
  checkEffort('gzipLevel', settings.gzipLevel, [1, 9])
  checkEffort('zstdLevel', settings.zstdLevel, [1, 22])
  return settings
}

function checkEffort(option: string, value: number, [min, max]: [number, number]): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw invalidOption('compress', option, value, `it is an integer from ${min} to ${max}`)
}
