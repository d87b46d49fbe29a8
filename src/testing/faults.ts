// The errors of the test client itself. It throws an error of the app under test unchanged.

import { IsthmusError } from '../errors.ts'
import { identifyErrors } from '../shared-class.ts'
import type { ResponseHead } from '../async/framing.ts'
import type { TestResponse } from './test-response.ts'

/** The response or message that a test awaits did not come in time; the message of the error names it. */
export class DeadlinePassedError extends IsthmusError {
  readonly code = 'ISTHMUS_TEST_DEADLINE'

  constructor(awaited: string, deadlineMs: number) {
    super(`${awaited} did not come within ${deadlineMs} ms`)
  }
}

/** The response is not whole; the message names the party that cut it, and the place of the cut. */
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
  /** The response that denied the handshake. */
  readonly response: TestResponse

  constructor(response: TestResponse) {
    super(`the WebSocket handshake was denied with status ${response.status}`)
    this.response = response
  }
}

/** How a WebSocket ended: 1005 if the close frame had no code, 1006 if the connection dropped. */
export interface SocketEnd {
  code: number
  reason: string
}

/** The test awaits a message from a closed WebSocket, or sends one to it. */
export class SocketClosedError extends IsthmusError {
  readonly code = 'ISTHMUS_TEST_SOCKET_CLOSED'
  /** The close frame that ended the WebSocket, or 1006. */
  readonly end: SocketEnd

  constructor(end: SocketEnd) {
    super(`the WebSocket is closed: ${end.code} ${JSON.stringify(end.reason)}`)
    this.end = end
  }
}

identifyErrors({ DeadlinePassedError, ResponseCutError, HandshakeDeniedError, SocketClosedError })
