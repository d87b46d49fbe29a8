// The part of one exchange in the figures of the server. Its fields are counters and times, and it makes no closure.

import { performance } from 'node:perf_hooks'
import type { ResponseEnd } from '../contract/events.ts'
import type { Figures } from './figures.ts'
import type { MountFigures } from './mount-figures.ts'

/** The shortest block that the log tells, in ms: the same as that of a sync app. */
const TOLD_MS = 50

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
    this.#tell(now)
    this.#isCalling = false
    if (this.#holdsLoop) this.#mount.loop.busyMs += now - this.#startedAt
  }

  /** The app calls the server after a wait, or has ended. */
  touch(): void {
    this.#tell(performance.now())
  }

  /** A step of an inline app has taken `ms` until `now`. Its host tells the log. */
  ran(ms: number, now: number): void {
    if (this.#mark(now) === 0 && !this.#isCalling) this.#mount.loop.busyMs += ms
  }

  /** The exchange has ended. */
  ended({ outcome, status }: ResponseEnd): void {
    const now = performance.now()
    if (outcome === 'complete') this.#tell(now)
    this.server.loop.left()
    if (this.#isWebSocket) this.#mount.closed()
    else this.#mount.ended(outcome, status, now - this.#startedAt, now)
  }

  /** Marks `now`, and logs a long block that ends there. */
  #tell(now: number): void {
    const heldMs = this.#mark(now)
    if (heldMs < TOLD_MS) return
    const mount = this.#mount.rootPath || '/'
    this.server.facts.log.warn({ mount, heldMs: Math.round(heldMs) }, HELD)
  }

  /**
   * Returns the length of a block that ends at `now` and belongs to this app, in ms; 0 without one. The time of its first call
   * is counted by `returned()`.
   */
  #mark(now: number): number {
    const blockMs = this.server.loop.mark(now)
    if (blockMs === 0 || !this.#holdsLoop) return 0
    const { loop } = this.#mount
    loop.blocked(blockMs)
    if (!this.#isCalling) loop.busyMs += blockMs
    return blockMs
  }
}

const HELD = 'an app held the event loop; host it in threads() to keep everything else responsive'
