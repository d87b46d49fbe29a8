// The engine of the test client: requests become exchanges of the server's own dispatcher, without sockets.

import { getAllHeaders, getHeader } from '../http/headers.ts'
import { MemoryHttpTransport } from './http-transport.ts'
import { MemoryWebSocketTransport } from './websocket-transport.ts'
import { headerList, hostFirst, prepareRequest, sentHead } from './request.ts'
import { wireHead } from './wire-head.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { Dispatcher } from '../server/dispatcher.ts'
import type { ServerStats } from '../server/stats.ts'
import type { ReadHead } from '../server/checked-head.ts'
import type { AppWatch } from './app-watch.ts'
import type { CookieJar, CookiePlace } from './cookie-jar.ts'
import type { ClientSide, TestHeaders, TestRequest } from './request.ts'
import type { OpenHttpExchange } from './streamed-response.ts'
import type { OpenWebSocket } from './websocket-session.ts'

/** The handshake of a WebSocket, as a test describes it. */
export interface TestHandshake {
  /** The subprotocols that the client offers, in order of preference. Default none. */
  subprotocols?: readonly string[] | undefined
  /** Headers after those of the handshake itself. Default none. */
  headers?: TestHeaders | undefined
  /** The bytes of messages that may wait unread before the app's `send()` has to wait. Default 65,536. */
  highWaterMark?: number | undefined
  /** How long each wait on this WebSocket may take, in ms. Default: the client's. */
  deadlineMs?: number | undefined
}

/** The place of the client, and its deadline. */
interface ClientSettings extends ClientSide {
  deadlineMs: number
  /** More fields are answered with 431. */
  maxHeaderFields: number
  /** The cookies of the client; null for a client that keeps none. */
  jar: CookieJar | null
}

const SOCKET_BUFFER = 64 * 1024
// The sample key of RFC 6455, 1.2. The test client does not check the answer to it.
const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** Opens exchanges and WebSockets on a dispatcher, and watches the call of the app in each. */
export class MemoryEngine {
  readonly #dispatcher: Dispatcher
  readonly #watch: AppWatch
  readonly #settings: ClientSettings

  constructor(dispatcher: Dispatcher, watch: AppWatch, settings: ClientSettings) {
    this.#dispatcher = dispatcher
    this.#watch = watch
    this.#settings = settings
  }

  /** The counters of the dispatcher. Each exchange in memory is a connection of its own. */
  stats(): ServerStats {
    const stats = this.#dispatcher.stats()
    return { connections: stats.requests.inFlight + stats.webSockets.open, ...stats }
  }

  /** Sends a request; the app is called before this returns. */
  http(method: string, target: string, request: TestRequest): OpenHttpExchange {
    const prepared = prepareRequest(method, target, request, this.#settings)
    this.#addCookies(prepared.head)
    const head = wireHead(prepared.head, this.#settings.maxHeaderFields)
    const { disconnect } = request
    const transport = new MemoryHttpTransport({
      body: prepared.body,
      contentLength: head.contentLength,
      leaveAfterBytes: sentBytesOf(disconnect),
      expectsContinue: head.expectsContinue,
      highWaterMark: request.highWaterMark ?? SOCKET_BUFFER,
    })

    const run = this.#watch.expect(() => {
      transport.events = this.#dispatcher.http(head, transport)
    })
    this.#keepCookies(() => transport.response.head, prepared.head)
    if (disconnect === 'at-once') transport.leave('the client left at once,')
    return { transport, run, name: `${method} ${target}`, deadlineMs: this.#deadline(request) }
  }

  /** Sends a WebSocket handshake; the app is called before this returns. */
  websocket(target: string, handshake: TestHandshake): OpenWebSocket {
    const subprotocols = [...(handshake.subprotocols ?? [])]
    const headers = handshakeHeaders(subprotocols, headerList(handshake.headers))
    const sent = sentHead('GET', target, hostFirst(headers, this.#settings), this.#settings)
    this.#addCookies(sent)
    const head = wireHead(sent, this.#settings.maxHeaderFields)
    const transport = new MemoryWebSocketTransport(handshake.highWaterMark ?? SOCKET_BUFFER)

    const run = this.#watch.expect(() => {
      transport.events = this.#dispatcher.websocket(head, subprotocols, transport)
    })
    this.#keepCookies(() => transport.answerHead(), sent)
    return {
      transport,
      run,
      name: `the WebSocket ${target}`,
      deadlineMs: this.#deadline(handshake),
    }
  }

  // A test that sends a Cookie of its own wants that one.
  #addCookies({ headers, target, ends }: ReadHead): void {
    if (getHeader(headers, 'cookie') !== undefined) return
    const cookies = this.#settings.jar?.header(placeOf(headers, target, ends.secure))
    if (cookies !== undefined) headers.push(['cookie', cookies])
  }

  // The head settles before the test gets the response. A response that is cut before its head sets no cookie.
  #keepCookies(
    answered: () => Promise<{ headers: HeaderPairs }>,
    { headers, target, ends }: ReadHead,
  ): void {
    const { jar } = this.#settings
    if (jar === null) return
    const place = placeOf(headers, target, ends.secure)
    answered().then((head) => jar.store(getAllHeaders(head.headers, 'set-cookie'), place), ignore)
  }

  #deadline({ deadlineMs }: { deadlineMs?: number | undefined }): number {
    return deadlineMs ?? this.#settings.deadlineMs
  }
}

function ignore(): void {}

function placeOf(headers: HeaderPairs, target: string, secure: boolean): CookiePlace {
  const host = getHeader(headers, 'host') ?? ''
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)
  return {
    host: host
      .replace(/:\d*$/, '')
      .replace(/^\[(.*)\]$/, '$1')
      .toLowerCase(),
    path,
    secure,
  }
}

function sentBytesOf(disconnect: TestRequest['disconnect']): number | null {
  return typeof disconnect === 'object' && 'sentBytes' in disconnect ? disconnect.sentBytes : null
}

function handshakeHeaders(subprotocols: string[], headers: HeaderPairs): HeaderPairs {
  const own: HeaderPairs = [
    ['connection', 'Upgrade'],
    ['upgrade', 'websocket'],
    ['sec-websocket-version', '13'],
    ['sec-websocket-key', SAMPLE_KEY],
  ]
  if (subprotocols.length > 0) own.push(['sec-websocket-protocol', subprotocols.join(', ')])
  return [...own, ...headers]
}
