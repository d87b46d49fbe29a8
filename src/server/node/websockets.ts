// WebSockets of the node:http engine: from an `upgrade` event to a running cycle, and the register of all that live.

import { PeerFault } from '../../errors.ts'
import { listHasToken } from '../../headers.ts'
import { requestHead } from './request-head.ts'
import { createAcceptor } from './ws-acceptor.ts'
import { refuse } from './refusal.ts'
import { checkHandshake } from './ws-handshake.ts'
import { Pings } from './ws-pings.ts'
import { NodeWebSocketTransport } from './ws-transport.ts'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from '../dispatcher.ts'
import type { Settings } from '../options.ts'
import type { WebSocketCycle } from '../websocket-cycle.ts'
import type { UpgradeRequest } from './ws-acceptor.ts'
import type { TransportTools } from './ws-transport.ts'

/** All WebSockets of one server. */
export class NodeWebSockets {
  readonly #dispatcher: Dispatcher
  readonly #settings: Settings
  readonly #tools: TransportTools
  readonly #cycles = new Set<WebSocketCycle>()

  constructor(dispatcher: Dispatcher, settings: Settings) {
    const { websocket } = settings
    this.#dispatcher = dispatcher
    this.#settings = settings
    this.#tools = {
      accept: createAcceptor(websocket),
      pings: new Pings(websocket),
      closeTimeoutMs: websocket.closeTimeoutMs,
    }
  }

  /** Whether the client asks for a WebSocket, and not for some other protocol (RFC 9110, 7.8). */
  isHandshake(request: IncomingMessage): boolean {
    return listHasToken(request.headers.upgrade, 'websocket')
  }

  /** Takes over what an `upgrade` event of node:http brings; the socket is closed in every case. */
  handleUpgrade(request: IncomingMessage, _stream: Duplex, head: Buffer): void {
    // Node 26 hands over a stream of its own where the request has a body; such a handshake is refused.
    const { socket } = request
    socket.on('error', ignore)
    // The timers of HTTP end here; from now on pings tell the living from the dead.
    socket.setTimeout(0)

    try {
      this.#start({ request, socket, head }, checkHandshake(request))
    } catch (error) {
      if (!(error instanceof PeerFault)) throw error
      this.#settings.log.info({ websocket: true, status: error.status }, error.message)
      refuse(socket, error.status, this.#dispatcher.identity)
    }
  }

  /** Closes every WebSocket with 1001; each is gone after the closing handshake or `closeTimeoutMs`. */
  closeAll(): void {
    for (const cycle of this.#cycles) cycle.closeNow()
  }

  #start(upgrade: UpgradeRequest, subprotocols: string[]): void {
    const transport = new NodeWebSocketTransport(upgrade, this.#tools)
    const cycle = this.#dispatcher.websocket(
      requestHead(upgrade.request, this.#settings.uds),
      subprotocols,
      transport,
    )
    if (cycle === null) return

    transport.events = cycle
    this.#cycles.add(cycle)
    upgrade.socket.once('close', () => this.#cycles.delete(cycle))
  }
}

function ignore(): void {}
