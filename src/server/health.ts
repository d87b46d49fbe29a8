// The paths of liveness and readiness, which the server answers in the place of the app.

import { HttpExchange } from '../async/http-exchange.ts'
import { plainResponse } from './refusal.ts'
import type { ResponsePart } from '../async/http-exchange.ts'
import type { Identity } from '../async/framing.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { Settings } from './options.ts'

/** The state of a server that decides about its readiness. */
interface Readiness {
  /** The server drains. */
  isClosing: boolean
  /** `maxConcurrency` is reached. */
  isFull: boolean
}

/** Answers the probes of one server. */
export class Health {
  readonly #live: string | null
  readonly #ready: string | null
  readonly #identity: Identity

  constructor({ live, ready }: Settings['health'], identity: Identity) {
    this.#live = live
    this.#ready = ready
    this.#identity = identity
  }

  /** The answer to a probe; null for a request to the app. */
  answer(head: RequestHead, state: Readiness): ResponsePart[] | null {
    if (head.fault !== null || (head.method !== 'GET' && head.method !== 'HEAD')) return null
    if (this.#ready !== null && isAt(head.target, this.#ready)) {
      const refusing = state.isFull ? 'full' : 'ok'
      return this.#parts(head, state.isClosing ? 'shutting down' : refusing, state)
    }
    const isLive = this.#live !== null && isAt(head.target, this.#live)
    return isLive ? this.#parts(head, 'ok', state) : null
  }

  #parts(head: RequestHead, text: string, { isClosing }: Readiness): ResponsePart[] {
    const { method, httpVersion, acceptsTrailers } = head
    // As for all requests of a drain, the answer is the last of its connection.
    const keepAlive = head.keepAlive && !isClosing
    const facts = { method, httpVersion, acceptsTrailers, keepAlive }
    const exchange = new HttpExchange(facts, this.#identity)
    const [start, body] = plainResponse(text === 'ok' ? 200 : 503, text)
    const headers: HeaderPairs = [...(start.headers ?? []), ['cache-control', 'no-store']]
    const commands = [exchange.accept({ ...start, headers }), exchange.accept(body)]
    return commands.flatMap((command) => (command.type === 'write' ? [command.part] : []))
  }
}

function isAt(target: string, path: string): boolean {
  return target === path || (target.startsWith(path) && target[path.length] === '?')
}
