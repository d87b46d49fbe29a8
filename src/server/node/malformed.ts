// A request that node:http cannot read. It is refused after the answers to the requests before it, and it ends its
// connection.

import { refusal, refuse } from '../refusal.ts'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Dispatcher } from '../dispatcher.ts'
import type { RefusalReason } from '../refused-line.ts'
import type { NodeConnection } from './connection.ts'

/** An error that node:http reports about a connection; `reason` is the text of its parser. */
interface ParseError extends NodeJS.ErrnoException {
  reason?: string
}

/** Ends `connection` because of `error`, which node:http has reported about it. */
export function onMalformed(
  connection: NodeConnection,
  error: ParseError,
  dispatcher: Dispatcher,
): void {
  const { socket, last } = connection
  const { code = '' } = error
  const status = statusOf(error)
  if (status === undefined) return void socket.destroy()
  const reason = { status, message: error.reason ?? error.message }
  // The bytes after a malformed request are malformed too: only the first error counts.
  if (connection.isRefused || !socket.writable) return
  connection.isRefused = true
  if (code === 'HPE_INVALID_EOF_STATE') return onBrokenOff(connection)
  // A connection without a request is closed without a word.
  if (status === 408 && socket.bytesRead === 0) return socket.destroySoon()
  if (last?.req.complete === false) return onMalformedBody(connection, last, reason, dispatcher)
  // Before node:http sees the end of the response: it may close the socket then. RFC 9112, 9.6: the bytes after a response
  // that closes the connection are ignored.
  const refuseNext = (): void => {
    if (last?.shouldKeepAlive !== false) refuseUnread(socket, reason, dispatcher)
  }
  if (last === undefined || last.writableFinished) refuseNext()
  else last.prependOnceListener('finish', refuseNext)
}

// The client has ended its side within a request. If the request waits, it gets no answer; the connection closes after the
// others. An app that reads the body loses its client. For another one, the connection watches whether the client takes
// an answer.
function onBrokenOff(connection: NodeConnection): void {
  const { socket, last } = connection
  if (last === undefined || last.req.complete || last.writableEnded) return
  if (connection.isLastWaiting) connection.replaceLast(() => socket.destroySoon())
  else if (last.req.readableFlowing === true) socket.destroy()
}

function onMalformedBody(
  connection: NodeConnection,
  last: ServerResponse,
  reason: RefusalReason,
  dispatcher: Dispatcher,
): void {
  const { socket } = connection
  if (connection.isLastWaiting)
    return connection.replaceLast(() => refuseUnread(socket, reason, dispatcher))
  if (last.writableEnded) return socket.destroySoon()
  if (last.headersSent) return connection.cut()
  // To the app a malformed body is the loss of its client; the client still gets an answer.
  const answer = refusal(reason.status, dispatcher.identity)
  connection.events.onDisconnect(answer)
  refuse(socket, reason.status, dispatcher.identity, answer)
}

function refuseUnread(socket: Socket, reason: RefusalReason, dispatcher: Dispatcher): void {
  refuse(socket, reason.status, dispatcher.identity, dispatcher.refusal(reason, socket))
}

// RFC 9110, 15.6.6: a version that is not served gets 505. The parser reports text that is no version with the same code.
function statusOf({ code = '', reason }: ParseError): number | undefined {
  if (reason === 'Invalid HTTP version') return 505
  return STATUS_OF_ERROR[code] ?? (code.startsWith('HPE_') ? 400 : undefined)
}

const STATUS_OF_ERROR: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  // The preface of HTTP/2: its method is PRI.
  HPE_PAUSED_H2_UPGRADE: 501,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
}
