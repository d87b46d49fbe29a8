// Reads responses from a buffer, as strictly as RFC 9112 defines them. A part that is incomplete is null.

import type { HeaderPairs } from 'isthmus'

/** A response head with the text of the wire. */
export interface RawHead {
  status: number
  /** `HTTP/1.1 200 OK` */
  statusLine: string
  headers: HeaderPairs
}

/** A complete body without its framing. */
export interface RawBody {
  /** As latin-1. */
  body: string
  /** The pieces of a chunked body; null for another framing. */
  chunks: string[] | null
  trailers: HeaderPairs
}

/** A complete response. */
export type RawResponse = RawHead & RawBody

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

/** The body after `head`, at the front of `inbox`; `ended` says that no byte follows. */
export function takeBody(
  inbox: Buffer,
  head: RawHead,
  method: string,
  ended: boolean,
): Taken<RawBody> | null {
  const { status } = head
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return plain(inbox, 0)
  if (headerOf(head, 'transfer-encoding') !== undefined) return takeChunks(inbox)

  const length = headerOf(head, 'content-length')
  if (length === undefined) return ended ? plain(inbox, inbox.length) : null
  return inbox.length < Number(length) ? null : plain(inbox, Number(length))
}

/** The chunk at the front of `inbox`. The last chunk has a null in it, and its trailers stay in `inbox`. */
export function takeChunk(inbox: Buffer): Taken<string | null> | null {
  const lineEnd = inbox.indexOf('\r\n')
  if (lineEnd < 0) return null
  const line = inbox.toString('latin1', 0, lineEnd)
  if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`"${line}" is no size of a chunk`)

  const start = lineEnd + 2
  const end = start + Number.parseInt(line, 16)
  if (end === start) return { taken: null, size: start }
  if (inbox.length < end + 2) return null
  if (inbox.toString('latin1', end, end + 2) !== '\r\n') throw new Error('a chunk has no end')
  return { taken: inbox.toString('latin1', start, end), size: end + 2 }
}

function plain(inbox: Buffer, size: number): Taken<RawBody> {
  return { taken: { body: inbox.toString('latin1', 0, size), chunks: null, trailers: [] }, size }
}

function takeChunks(inbox: Buffer): Taken<RawBody> | null {
  const chunks: string[] = []
  for (let at = 0; ;) {
    const chunk = takeChunk(inbox.subarray(at))
    if (!chunk) return null
    at += chunk.size
    if (chunk.taken === null) return takeTrailers(inbox, at, chunks)
    chunks.push(chunk.taken)
  }
}

// The empty line comes first, or fields and then the empty line.
function takeTrailers(inbox: Buffer, at: number, chunks: string[]): Taken<RawBody> | null {
  const end = inbox.indexOf('\r\n\r\n', at - 2)
  if (end < 0) return null
  const fields = inbox.toString('latin1', at, Math.max(end, at))
  const trailers = fields === '' ? [] : fields.split('\r\n').map(parseLine)
  return { taken: { body: chunks.join(''), chunks, trailers }, size: end + 4 }
}

function parseLine(line: string): [string, string] {
  const field = /^([^\s:]+): (.*)$/.exec(line)
  if (!field) throw new Error(`"${line}" is no header field`)
  return [field[1] as string, field[2] as string]
}
