// What the test client throws of itself; an error of the app under test is thrown as it is.

import { IsthmusError } from '../errors.ts'
import type { ResponseHead } from '../async/framing.ts'
import type { TestResponse } from './test-response.ts'

/** Something that a test waited for did not come in time; the message names it. */
export class DeadlinePassedError extends IsthmusError {
  readonly code = 'ISTHMUS_TEST_DEADLINE'

  constructor(what: string, deadlineMs: number) {
    super(`${what} did not come within ${deadlineMs} ms`)
  }
}

/** The response was not whole; the message says who cut it, and where. */
export class ResponseCutError extends IsthmusError {
  readonly code = 'ISTHMUS_TEST_RESPONSE_CUT'
  /** The head, if it was received. */
  readonly head: ResponseHead | null
  /** How many bytes of the body were received. */
  readonly receivedBytes: number

  constructor(reason: string, head: ResponseHead | null, receivedBytes: number) {
    const where = head
      ? `after status ${head.status} and ${receivedBytes} bytes of the body`
      : 'before the head of the response'
    super(`${reason} ${where}`)
    this.head = head
    this.receivedBytes = receivedBytes
  }
}

/** The app answered a WebSocket handshake with an HTTP response instead of accepting it. */
export class HandshakeDeniedError extends IsthmusError {
  readonly code = 'ISTHMUS_TEST_HANDSHAKE_DENIED'
  readonly response: TestResponse

  constructor(response: TestResponse) {
    super(`the WebSocket handshake was denied with status ${response.status}`)
    this.response = response
  }
}

/** How a WebSocket ended: 1005 when the frame had no code, 1006 when the connection dropped. */
export interface SocketEnd {
  code: number
  reason: string
}

/** A message was awaited from, or sent to, a WebSocket that is closed. */
export class SocketClosedError extends IsthmusError {
  readonly code = 'ISTHMUS_TEST_SOCKET_CLOSED'
  readonly end: SocketEnd

  constructor(end: SocketEnd) {
    super(`the WebSocket is closed: ${end.code} ${JSON.stringify(end.reason)}`)
    this.end = end
  }
}
