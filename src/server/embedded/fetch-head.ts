// A Request of the Fetch API as a checked head.

import { checkedHead } from '../checked-head.ts'
import { outerTarget } from './outer-request.ts'
import type { HttpScope } from '../../contract/events.ts'
import type { Endpoints, RequestHead, TlsFacts } from '../../http/request-head.ts'
import type { OuterTarget } from './outer-request.ts'

/** The request of a handler of the Fetch API. */
interface FetchCall {
  request: Request
  /** The body; null for a request without one. */
  body: ReadableStream<Uint8Array> | null
  /** The scope of the request under `fromFetch()`; undefined under other hosts. */
  outer: HttpScope | undefined
}

/** The head of a request, and the path of the outer scope under which the app is mounted. */
interface FetchHead {
  head: RequestHead
  base: string
}

/** The checked head of a request. A `Request` does not say which connection it came on; the scope does. */
export function fetchHead({ request, body, outer }: FetchCall): FetchHead {
  const url = new URL(request.url)
  const { target, base } = placeOf(url, outer)
  const read = {
    method: request.method,
    target,
    httpVersion: HTTP_1_1,
    headers: headersOf(request, url, body !== null),
    expectsContinue: false,
    ends: endsOf(url, outer),
  }
  // The Fetch API has neither trailers nor the limits of a head.
  const { httpVersion = HTTP_1_1 } = outer ?? {}
  const facts = { hasBody: body !== null, acceptsTrailers: false, httpVersion }
  return { head: { ...checkedHead(read, Infinity), ...facts }, base }
}

const HTTP_1_1 = '1.1' as const

// A router between the host and the app may have removed a prefix.
function placeOf({ pathname, search }: URL, outer: HttpScope | undefined): OuterTarget {
  const url = pathname + search
  if (outer === undefined) return { target: url, base: '' }
  const { rawPath, rootPath, queryString } = outer
  const originalUrl = queryString === '' ? rawPath : `${rawPath}?${queryString}`
  const { target, base } = outerTarget({ url, originalUrl })
  return { target, base: base === '' ? encodeURI(rootPath) : base }
}

function headersOf(request: Request, { host }: URL, hasBody: boolean): Array<[string, string]> {
  const headers = [...request.headers].filter(([name]) => hasBody || !FRAMING.has(name))
  if (!request.headers.has('host')) headers.unshift(['host', host])
  // A stream has no length that is known before.
  const isFramed = headers.some(([name]) => FRAMING.has(name))
  if (hasBody && !isFramed) headers.push(['transfer-encoding', 'chunked'])
  return headers
}

const FRAMING = new Set(['content-length', 'transfer-encoding'])

function endsOf({ protocol }: URL, outer: HttpScope | undefined): Endpoints {
  const secure = protocol === 'https:'
  if (outer === undefined) return { client: null, server: null, secure, tls: null }
  const { client, server, extensions } = outer
  return { client, server, secure, tls: (extensions['tls'] as TlsFacts | undefined) ?? null }
}
