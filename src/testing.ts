/**
 * Tools to test apps: a client without sockets, and lint for every style of app.
 *
 * @example
 * import { lint, testClient } from 'isthmus/testing'
 *
 * await using client = await testClient(lint(app))
 * const response = await client.get('/')
 *
 * @module isthmus/testing
 */

// Client
export { testClient } from './testing/test-client.ts'
export type { TestClientOptions } from './testing/test-client.ts'
export { TestClient } from './testing/client.ts'
export type { CookieJar } from './testing/cookie-jar.ts'
export { ResponseHeaders, TestResponse } from './testing/test-response.ts'
export { StreamedResponse } from './testing/streamed-response.ts'
export { WebSocketSession } from './testing/websocket-session.ts'
export {
  DeadlinePassedError,
  HandshakeDeniedError,
  ResponseCutError,
  SocketClosedError,
} from './testing/faults.ts'
export type { SocketEnd } from './testing/faults.ts'
export type { ResponseHead } from './async/framing.ts'
export type { TestHandshake } from './testing/memory-engine.ts'
export type { SocketMessage } from './testing/socket-inbox.ts'
export type { TestHeaders, TestRequest } from './testing/request.ts'
export type { Departure, TestBody } from './testing/request-body.ts'

// Lint
export { lint } from './lint/lint.ts'
export type { CloseCheck } from './lint/open-bodies.ts'
export { lintWrap } from './lint/sync/lint-wrap.ts'
