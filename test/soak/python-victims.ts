// The processes of Python that a soak ends, and the judgement about requests and sockets that failed meanwhile.

import { setTimeout as sleep } from 'node:timers/promises'
import { isGone } from './python-resources.ts'

/** The apps of deadly_python.py. */
export type App = 'wsgi' | 'asgi'

/** A request that was not answered as usual. */
export interface Failure {
  id: string
  app: App
  /** `cut`, or the status. */
  outcome: string
  startedAt: number
  endedAt: number
}

interface Death {
  app: App
  killedAt: number
  /** The moment after which the gateway knows, and assigns nothing to the process. */
  knownAt: number
}

const GONE_MS = 10_000
// The gateway learns of the end in a turn of its event loop after the system.
const KNOWN_MS = 1_000
// A request whose process is gone is cut if its head has left, and gets 502 if not.
const OUTCOMES = ['cut', '502']

/** Knows the processes that have answered, and ends them. */
export class Victims {
  readonly faults: string[] = []
  readonly #alive: Record<App, Set<number>> = { wsgi: new Set(), asgi: new Set() }
  readonly #deaths = new Map<number, Death>()
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  get count(): number {
    return this.#deaths.size
  }

  has(pid: number): boolean {
    return this.#deaths.has(pid)
  }

  /** A process has answered. */
  seen(app: App, pid: number): void {
    if (!this.#deaths.has(pid)) this.#alive[app].add(pid)
  }

  /** Ends one of the processes that have answered; returns false if there is none. */
  async killAny(app: App): Promise<boolean> {
    const pids = [...this.#alive[app]]
    const pid = pids[Math.floor(this.#random() * pids.length)]
    if (pid === undefined) return false
    await this.kill(app, pid)
    return true
  }

  /** Ends `pid`, and waits until it is gone. */
  async kill(app: App, pid: number): Promise<void> {
    if (this.#deaths.has(pid)) return
    this.#alive[app].delete(pid)
    if (isGone(pid)) return void this.faults.push(`process ${pid} of ${app} has ended by itself`)
    const death = { app, killedAt: performance.now(), knownAt: Infinity }
    this.#deaths.set(pid, death)
    process.kill(pid, 'SIGKILL')
    const deadline = performance.now() + GONE_MS
    while (!isGone(pid)) {
      if (performance.now() > deadline) throw new Error(`process ${pid} is not gone after 10 s`)
      await sleep(5)
    }
    death.knownAt = performance.now() + KNOWN_MS
  }

  /**
   * Why the failure is a fault; undefined if the request was that of a killed process.
   *
   * @param pids the processes that have begun the request, by the journal
   */
  faultOf({ id, app, outcome, startedAt, endedAt }: Failure, pids: number[]): string | undefined {
    const [pid] = pids
    if (!OUTCOMES.includes(outcome)) return `request ${id} of ${app}: ${outcome}`
    if (pid !== undefined) {
      return this.has(pid) ? undefined : `request ${id} of ${app}: ${outcome}, its process lives`
    }
    // The process may have got the request and not begun it.
    const isInFlight = [...this.#deaths.values()].some(
      (death) => death.app === app && death.killedAt <= endedAt && startedAt <= death.knownAt,
    )
    return isInFlight ? undefined : `request ${id} of ${app}: ${outcome}, and no process died`
  }
}
