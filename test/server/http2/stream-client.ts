// A client of node:http2 for tests: whole responses, and streams that are read by hand. Every wait has a deadline.

import { connect } from 'node:http2'
import { settlesWithin } from '../../../src/waiting/settles-within.ts'
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  ClientSessionOptions,
  SecureClientSessionOptions,
} from 'node:http2'

/** The header pairs of a head, and its pseudo-fields apart. */
export interface Http2Answer {
  status: number
  headers: Array<[string, string]>
  /** Null if the stream was reset. */
  body: string | null
  trailers: Array<[string, string]>
  /** Interim responses, by status. */
  interim: number[]
}

interface Asked {
  method?: string
  path?: string
  headers?: ReadonlyArray<readonly [string, string]>
  /** A string goes with its length; an array without. */
  body?: string | readonly string[]
  /** More pseudo-fields. */
  pseudo?: Record<string, string>
}

/** One session. The test that opens it also disposes it. */
export class StreamClient implements Disposable {
  readonly session: ClientHttp2Session

  constructor(url: string, options: ClientSessionOptions | SecureClientSessionOptions = {}) {
    this.session = connect(url, options)
    this.session.on('error', () => undefined)
  }

  /** Sends a request. */
  open({
    method = 'GET',
    path = '/',
    headers = [],
    body,
    pseudo = {},
  }: Asked = {}): ClientHttp2Stream {
    const fields: Record<string, string | string[]> = {
      ':method': method,
      ':path': path,
      ...pseudo,
    }
    for (const [name, value] of headers) {
      const before = fields[name]
      fields[name] = before === undefined ? value : [before, value].flat()
    }
    if (typeof body === 'string') fields['content-length'] = String(body.length)
    const stream = this.session.request(fields, { endStream: body === undefined })
    stream.on('error', () => undefined)
    if (typeof body === 'string') stream.end(body, 'latin1')
    for (const chunk of Array.isArray(body) ? body : []) stream.write(chunk, 'latin1')
    if (Array.isArray(body)) stream.end()
    return stream
  }

  /** Sends a request, and reads the whole response. */
  async ask(asked: Asked = {}): Promise<Http2Answer> {
    return answerOf(this.open(asked))
  }

  [Symbol.dispose](): void {
    this.session.destroy()
  }
}

/** The whole response on `stream`. */
export async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const answer: Http2Answer = { status: 0, headers: [], body: null, trailers: [], interim: [] }
  const chunks: Buffer[] = []
  const closed = new Promise((resolve) => stream.on('close', resolve))
  stream.on('headers', (fields) => answer.interim.push(Number(fields[':status'])))
  stream.on('response', (fields, _flags, raw?: string[]) => {
    answer.status = Number(fields[':status'])
    answer.headers = pairsOf(raw ?? [])
  })
  stream.on('trailers', (_fields, _flags, raw?: string[]) => (answer.trailers = pairsOf(raw ?? [])))
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!(await settlesWithin(closed, 30_000)))
    throw new Error('the stream did not close within 30 s')
  const body = Buffer.concat(chunks).toString('latin1')
  const [, length] = answer.headers.find(([name]) => name === 'content-length') ?? []
  // A stream whose own side is open counts as aborted after a whole response too.
  const isWhole = !stream.aborted || Number(length) === body.length
  if (stream.rstCode === 0 && isWhole) answer.body = body
  return answer
}

function pairsOf(raw: readonly string[]): Array<[string, string]> {
  const pairs: Array<[string, string]> = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (raw[at]?.startsWith(':') !== true) pairs.push([raw[at] as string, raw[at + 1] as string])
  }
  return pairs
}
