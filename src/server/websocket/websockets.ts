// WebSockets of either engine: from a request to upgrade to a running app, and the register of all open ones.

import { PeerError } from '../../errors.ts'
import { Acceptor } from './acceptor.ts'
import { checkHandshake } from './handshake.ts'
import { Pings } from './pings.ts'
import { SocketTransport } from './transport.ts'
import { refusal, refuse } from '../refusal.ts'
import { logRead } from '../refused-line.ts'
import type { Socket } from 'node:net'
import type { Log } from '../../contract/log.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Settings } from '../options.ts'
import type { Origins } from './origins.ts'
import type { WebSocketRun } from './run.ts'
import type { UpgradeRequest } from './acceptor.ts'
import type { Pulse } from './pings.ts'
import type { TransportTools } from './transport-tools.ts'

/** All WebSockets of one server. */
export class WebSockets {
  readonly #dispatcher: Dispatcher
  readonly #log: Log
  readonly #tools: TransportTools
  readonly #origins: Origins
  readonly #runs = new Map<Pulse, WebSocketRun>()

  constructor(dispatcher: Dispatcher, settings: Settings) {
    const { websocket } = settings
    this.#dispatcher = dispatcher
    this.#log = settings.log
    this.#origins = websocket.origins
    this.#tools = {
      acceptor: new Acceptor(websocket),
      pings: new Pings(websocket),
      closeTimeoutMs: websocket.closeTimeoutMs,
      maxMessageBytes: websocket.maxMessageBytes,
      onGone: (transport) => this.#runs.delete(transport),
    }
  }

  /** Takes over a socket whose client asks for a WebSocket. The socket is closed in every case. */
  handleUpgrade(upgrade: UpgradeRequest): void {
    const { head, socket } = upgrade
    socket.on('error', destroy)
    try {
      this.#start(upgrade, checkHandshake(head, this.#origins))
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      logRead(this.#log, error, head, 'WEBSOCKET')
      this.#refuse(upgrade, error.status)
    }
  }

  /** Closes every WebSocket with 1001. Each one ends with its closing handshake, or after `closeTimeoutMs`. */
  closeAll(): void {
    for (const run of this.#runs.values()) run.closeNow()
  }

  #refuse({ head, socket, answer }: UpgradeRequest, status: number): void {
    const { identity } = this.#dispatcher
    if (answer === undefined) return refuse(socket, status, identity)
    for (const part of refusal(status, identity, head)) answer.write(part)
  }

  #start(upgrade: UpgradeRequest, subprotocols: string[]): void {
    const transport = new SocketTransport(upgrade, this.#tools)
    const run = this.#dispatcher.websocket(upgrade.head, subprotocols, transport)
    if (run === null) return

    transport.events = run
    this.#runs.set(transport, run)
  }
}

// TLS reports a client that renegotiates too often, and does not close by itself.
function destroy(this: Socket): void {
  this.destroy()
}
