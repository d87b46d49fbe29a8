// The part of one exchange in the figures of the server. Its fields are counters and times, and it makes no closure.

import { performance } from 'node:perf_hooks'
import type { ResponseEnd } from '../contract/events.ts'
import type { Figures } from './figures.ts'
import type { MountFigures } from './mount-figures.ts'

/** Follows one exchange from its head to its end. */
export class ExchangeFigures {
  /** The figures of the server. */
  readonly server: Figures
  readonly #isWebSocket: boolean
  readonly #startedAt: number
  #mount: MountFigures
  #holdsLoop: boolean
  #isCalling = true

  constructor(server: Figures, isWebSocket: boolean) {
    this.server = server
    this.#isWebSocket = isWebSocket
    this.#startedAt = server.loop.entered()
    this.#mount = server.root
    this.#holdsLoop = !server.isElsewhere(server.facts.kind)
    this.#mount.took(isWebSocket, 1)
  }

  /**
   * A mount table at `rootPath` gives the exchange to its app at `prefix`.
   *
   * @param kind the function of isthmus that made the app
   */
  took(rootPath: string, prefix: string, kind: string): void {
    this.#holdsLoop = !this.server.isElsewhere(kind)
    const outer = this.#mount
    const inner = this.server.below(this.server.table(rootPath, outer), prefix)
    if (inner === outer) return
    outer.took(this.#isWebSocket, -1)
    inner.took(this.#isWebSocket, 1)
    this.#mount = inner
  }

  /** The call of the app has come back: the app has returned, or it waits. */
  returned(): void {
    const now = performance.now()
    this.#mark(now)
    this.#isCalling = false
    if (this.#holdsLoop) this.#mount.loop.busyMs += now - this.#startedAt
  }

  /** The app calls the server after a wait, or has ended. */
  touch(): void {
    this.#mark(performance.now())
  }

  /** A step of an inline app has taken `ms` until `now`. */
  ran(ms: number, now: number): void {
    if (!this.#mark(now) && !this.#isCalling) this.#mount.loop.busyMs += ms
  }

  /** The exchange has ended. */
  ended({ outcome, status }: ResponseEnd): void {
    const now = performance.now()
    if (outcome === 'complete') this.#mark(now)
    this.server.loop.left()
    if (this.#isWebSocket) this.#mount.closed()
    else this.#mount.ended(outcome, status, now - this.#startedAt, now)
  }

  /** Returns whether a block ends at `now` that belongs to this app. The time of its first call is counted by `returned()`. */
  #mark(now: number): boolean {
    const blockMs = this.server.loop.mark(now)
    if (blockMs === 0 || !this.#holdsLoop) return false
    const { loop } = this.#mount
    loop.blocked(blockMs)
    if (!this.#isCalling) loop.busyMs += blockMs
    return true
  }
}
