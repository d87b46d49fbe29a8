// Takes responses off a buffer as strictly as RFC 9112 has them; what is not there yet is null.

import type { HeaderPairs } from 'isthmus'

/** A response head as it stood on the wire. */
export interface RawHead {
  status: number
  /** `HTTP/1.1 200 OK` */
  statusLine: string
  headers: HeaderPairs
}

/** A whole response. */
export interface RawResponse extends RawHead {
  /** Without the framing, as latin-1. */
  body: string
  /** The pieces of a chunked body; null for another framing. */
  chunks: string[] | null
  trailers: HeaderPairs
}

interface Taken<Value> {
  taken: Value
  size: number
}

const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) [\t\x20-\x7e]*$/

/** The first value of `name`, or undefined. */
export function headerOf(head: RawHead, name: string): string | undefined {
  return head.headers.find(([other]) => other.toLowerCase() === name)?.[1]
}

/** The head at the front of `inbox`. */
export function takeHead(inbox: Buffer): Taken<RawHead> | null {
  const end = inbox.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [statusLine = '', ...lines] = inbox.toString('latin1', 0, end).split('\r\n')
  const status = STATUS_LINE.exec(statusLine)?.[1]
  if (status === undefined) throw new Error(`"${statusLine}" is no status line`)
  return {
    taken: { status: Number(status), statusLine, headers: lines.map(parseLine) },
    size: end + 4,
  }
}

/** The response at the front of `inbox`; `ended` says that no byte will follow. */
export function takeResponse(
  inbox: Buffer,
  method: string,
  ended: boolean,
): Taken<RawResponse> | null {
  const head = takeHead(inbox)
  if (!head) return null
  const body = takeBody(inbox.subarray(head.size), head.taken, method, ended)
  return body && { taken: { ...head.taken, ...body.taken }, size: head.size + body.size }
}

type Body = Pick<RawResponse, 'body' | 'chunks' | 'trailers'>

function takeBody(
  inbox: Buffer,
  head: RawHead,
  method: string,
  ended: boolean,
): Taken<Body> | null {
  const { status } = head
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) {
    return { taken: plain(inbox, 0), size: 0 }
  }
  if (headerOf(head, 'transfer-encoding') !== undefined) return takeChunks(inbox)

  const length = headerOf(head, 'content-length')
  const size = length === undefined ? inbox.length : Number(length)
  const isWhole = length === undefined ? ended : inbox.length >= size
  return isWhole ? { taken: plain(inbox, size), size } : null
}

function plain(inbox: Buffer, size: number): Body {
  return { body: inbox.toString('latin1', 0, size), chunks: null, trailers: [] }
}

function takeChunks(inbox: Buffer): Taken<Body> | null {
  const chunks: string[] = []
  let at = 0
  for (;;) {
    const lineEnd = inbox.indexOf('\r\n', at)
    if (lineEnd < 0) return null
    const size = Number.parseInt(inbox.toString('latin1', at, lineEnd), 16)
    if (!(size >= 0)) throw new Error('a chunk has no size')
    if (size === 0) return takeTrailers(inbox, lineEnd, chunks)

    at = lineEnd + 2 + size + 2
    if (inbox.length < at) return null
    if (inbox.toString('latin1', at - 2, at) !== '\r\n') throw new Error('a chunk has no end')
    chunks.push(inbox.toString('latin1', lineEnd + 2, at - 2))
  }
}

// From the line end of the last chunk: either the empty line follows, or fields and then the empty line.
function takeTrailers(inbox: Buffer, lineEnd: number, chunks: string[]): Taken<Body> | null {
  const end = inbox.indexOf('\r\n\r\n', lineEnd)
  if (end < 0) return null
  const fields = inbox.toString('latin1', lineEnd + 2, Math.max(end, lineEnd + 2))
  const trailers = fields === '' ? [] : fields.split('\r\n').map(parseLine)
  return { taken: { body: chunks.join(''), chunks, trailers }, size: end + 4 }
}

function parseLine(line: string): [string, string] {
  const field = /^([^\s:]+): (.*)$/.exec(line)
  if (!field) throw new Error(`"${line}" is no header field`)
  return [field[1] as string, field[2] as string]
}
