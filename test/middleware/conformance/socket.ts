// A case over a real connection, sent as raw bytes.

import { getHeader } from '../../../src/http/headers.ts'
import { served } from '../../raw/served.ts'
import { wireOf } from '../../conformance/socket-host.ts'
import type { Answer, Ask, Case } from './row.ts'
import type { Loaded, Subject } from './subjects.ts'

/** The port of the client in the answer; its replacement has the same length. */
const PORT = /(?<=127\.0\.0\.1:)\d{5}/

/** Why a case cannot run over a socket; undefined if it can. */
export function socketGap({ ask = {} }: Case, { name }: Subject): string | undefined {
  if (name === 'websocket') return 'a WebSocket, in test/server/websocket'
  if (ask.secure) return 'TLS, in test/raw'
  if (ask.client !== undefined) return 'every client is 127.0.0.1'
  return undefined
}

/** The answer of `subject` inside the middleware, over a socket. */
export async function wireAnswerFrom(
  subject: Subject,
  loaded: Loaded,
  { app, ask = {} }: Case,
): Promise<Answer> {
  await using server = await served(subject.hosted(loaded, app), {
    lifespan: 'auto',
    serverHeader: null,
    dateHeader: false,
  })
  using client = await server.connect()
  client.send(wireOfAsk(ask))
  const head = await client.head()
  const body = await client.body(head, ask.method).then(
    (whole) => whole.body.replace(PORT, '49152'),
    (error: unknown) => {
      if (client.open) throw error
      return null
    },
  )
  return { status: head.status, headers: head.headers, body }
}

// `wireOf` adds the framing of the body and the Host itself.
function wireOfAsk({ method, target, headers = [], body }: Ask): string {
  const others = headers.filter(([name]) => name !== 'host' && name !== 'transfer-encoding')
  const isChunked = others.length < headers.filter(([name]) => name !== 'host').length
  const framed = isChunked && body !== undefined ? [body] : body
  const wire = wireOf({ method, target, headers: others, body: framed })
  return wire.replace('host: example.test', `host: ${getHeader(headers, 'host') ?? 'example.test'}`)
}
