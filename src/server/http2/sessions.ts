// The sessions of HTTP/2 on one listener, beside the connections of its HTTP/1.1 engine.

import { TLSSocket } from 'node:tls'
import { canAbort } from './known-defect.ts'
import { PrefaceWait } from './preface.ts'
import { Http2Session } from './session.ts'
import type { Socket } from 'node:net'
import type { Dispatcher } from '../dispatcher.ts'
import type { Settings } from '../options.ts'
import type { WebSockets } from '../websocket/websockets.ts'
import type { SessionTools } from './session-tools.ts'

const DEFECT =
  'a client of HTTP/2 can end this process (CVE-2026-27135): use a Node.js whose nghttp2 is 1.68.1 or later, such as 22.23.3'

/** Owns every socket that speaks HTTP/2, and those whose protocol is not known yet. */
export class Http2Sessions {
  readonly #tools: SessionTools | null
  readonly #waits = new Set<PrefaceWait>()
  readonly #sessions = new Set<Http2Session>()
  readonly #onGone: () => void

  /** @param onGone called when a socket is gone */
  constructor(
    dispatcher: Dispatcher,
    settings: Settings,
    webSockets: WebSockets,
    onGone: () => void,
  ) {
    this.#onGone = onGone
    // To load the module takes time and 4 MB.
    const http2 = settings.http2 ? process.getBuiltinModule('node:http2') : null
    this.#tools = http2 && { http2, dispatcher, settings, webSockets }
    const nghttp2 = process.versions['nghttp2'] ?? ''
    if (http2 && canAbort(nghttp2)) settings.log.warn({ nghttp2 }, DEFECT)
  }

  /** The sockets that are open. */
  get size(): number {
    return this.#waits.size + this.#sessions.size
  }

  /**
   * Takes `socket` if its client speaks HTTP/2, and calls `serve` if not: at once if that is known. Else the socket is paused
   * then, and has its first bytes.
   */
  divert(socket: Socket, serve: () => void): void {
    const tools = this.#tools
    if (tools === null) return serve()
    if (socket instanceof TLSSocket) {
      if (socket.alpnProtocol === 'h2') this.#start(socket, tools)
      else serve()
      return
    }
    const { wheel } = tools.dispatcher
    const wait = new PrefaceWait(socket, wheel, tools.settings.headTimeoutMs, (isHttp2) => {
      if (isHttp2) this.#start(socket, tools)
      else serve()
      this.#forget(this.#waits, wait)
    })
    this.#waits.add(wait)
    socket.once('close', () => this.#forget(this.#waits, wait))
  }

  /** Serves the requests that still come, and closes the sockets that are idle for `idleMs`. */
  drain(idleMs: number): void {
    for (const wait of this.#waits) wait.hurry(idleMs)
    for (const session of this.#sessions) session.drain(idleMs)
  }

  /** Cuts every request that is under way. */
  cutRequests(): void {
    for (const session of this.#sessions) session.cutRequests()
  }

  /** Cuts every connection. */
  destroy(): void {
    for (const wait of this.#waits) wait.hurry(0)
    for (const session of this.#sessions) session.destroy()
  }

  #start(socket: Socket, tools: SessionTools): void {
    const onGone = (session: Http2Session): void => this.#forget(this.#sessions, session)
    this.#sessions.add(new Http2Session(socket, tools, onGone))
  }

  #forget<Kept>(kept: Set<Kept>, gone: Kept): void {
    if (kept.delete(gone)) this.#onGone()
  }
}
