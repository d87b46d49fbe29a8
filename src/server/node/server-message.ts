// The requests of node:http, with a property of their own that decides about upgrades.

import { IncomingMessage } from 'node:http'
import { listHasToken } from '../../http/list.ts'

/**
 * A request that node:http hands over as an upgrade only if it asks for a WebSocket. RFC 9110, 7.8: a server ignores an
 * upgrade that it does not want. node:http would give up the socket together with the body, and with the requests after it:
 * Java's HttpClient asks for `h2c` with its first POST.
 */
export class ServerMessage extends IncomingMessage {
  #isAsked = false

  /** Read by node:http after the head; it is not in its documentation. */
  get upgrade(): boolean {
    if (!this.#isAsked) return false
    if (this.method === 'CONNECT') return true
    // RFC 9110, 7.8: HTTP/1.0 has no upgrades.
    return this.httpVersion !== '1.0' && listHasToken(this.headers.upgrade, 'websocket')
  }

  /**
   * Whether an upgrade is ignored. If the request has no body, the parser of node:http drops the bytes that have arrived
   * after it, so the connection cannot be kept.
   */
  get isUpgradeIgnored(): boolean {
    return this.#isAsked && !this.upgrade
  }

  set upgrade(isAsked: boolean | null) {
    // The constructor of the base class sets null, before this class has its fields.
    if (isAsked !== null) this.#isAsked = isAsked
  }
}
