// The balancer of several processes: a parent accepts the connections, and gives them to its child processes in turn.

import { createServer } from 'node:net'
import { acceptWaiting } from '../server/accept-waiting.ts'
import { listen } from '../server/listen.ts'
import { ownFile } from '../server/socket-file.ts'
import { Fifo } from '../waiting/fifo.ts'
import type { Server, Socket } from 'node:net'
import type { ServerAddress } from '../server/engine.ts'
import type { Settings } from '../server/options.ts'

/** A process that takes connections. */
export interface ConnectionTarget {
  /** Whether connections can reach it; the balancer forgets a target that is closed. */
  readonly isOpen: boolean
  /** Whether it takes its turn; false for a process whose event loop stands still, as long as another one is prompt. */
  readonly isPrompt: boolean
  /** The connections that it has not got yet. */
  readonly waiting: number
  /** Sends a connection. `onLost` gets it back if the process has ended before. */
  take(socket: Socket, onLost: (socket: Socket) => void): void
}

/** The place, and the number of connections that may wait for a target. */
export type BalancerSettings = Pick<
  Settings,
  'host' | 'port' | 'uds' | 'udsMode' | 'udsOwner' | 'fd' | 'backlog' | 'log'
>

/**
 * Owns a listening socket. Each connection goes to the target whose turn it is, so that two targets never differ by more than
 * one. While there is no target, connections wait.
 */
export class ConnectionBalancer {
  readonly #settings: BalancerSettings
  readonly #server: Server
  readonly #targets: ConnectionTarget[] = []
  readonly #waiting = new Fifo<Socket>()
  #file: ReturnType<typeof ownFile> = null
  #accepted = 0
  #refused = 0

  constructor(settings: BalancerSettings) {
    this.#settings = settings
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, this.#give)
    this.#server.on('connection', () => {
      this.#accepted += 1
    })
  }

  /** The connections that have come. */
  get accepted(): number {
    return this.#accepted
  }

  /** The connections that were closed because too many waited, for a target or at one. */
  get refused(): number {
    return this.#refused
  }

  /** Binds and accepts. Rejects with the system's own error (`EADDRINUSE` …). */
  async open(): Promise<ServerAddress> {
    const address = await listen(this.#server, this.#settings)
    this.#file = this.#settings.fd === null ? ownFile(this.#settings.uds) : null
    return address
  }

  /** From now on the target has its turn. It gets the connections that wait, if it is the only one. */
  add(target: ConnectionTarget): void {
    this.#targets.push(target)
    for (let socket = this.#waiting.shift(); socket; socket = this.#waiting.shift()) {
      this.#give(socket)
    }
  }

  /** The target gets no further connection. */
  remove(target: ConnectionTarget): void {
    const at = this.#targets.indexOf(target)
    if (at >= 0) this.#targets.splice(at, 1)
  }

  /** Gives the connections away that wait at the listening socket, and closes it. */
  async close(): Promise<void> {
    this.#file?.remove()
    await acceptWaiting(() => this.#accepted)
    this.#server.close()
    for (let socket = this.#waiting.shift(); socket; socket = this.#waiting.shift()) {
      socket.destroy()
    }
  }

  readonly #give = (socket: Socket): void => {
    const target = this.#next()
    // A process that stands still takes nothing: its connections are bounded like those without a process.
    const { length: waiting } = this.#waiting
    if ((target?.waiting ?? waiting) >= this.#settings.backlog) this.#refuse(socket)
    else if (target) target.take(socket, this.#give)
    else this.#waiting.push(socket)
  }

  // The first target has its turn, and goes to the end.
  #next(): ConnectionTarget | undefined {
    const targets = this.#targets
    while (targets.some(({ isOpen }) => !isOpen)) {
      targets.splice(
        targets.findIndex(({ isOpen }) => !isOpen),
        1,
      )
    }
    const { backlog } = this.#settings
    const prompt = targets.findIndex((one) => one.isPrompt && one.waiting < backlog)
    const [target] = targets.splice(Math.max(prompt, 0), 1)
    if (target) targets.push(target)
    return target
  }

  #refuse(socket: Socket): void {
    this.#refused += 1
    if (this.#refused === 1) this.#settings.log.error({ backlog: this.#settings.backlog }, FULL)
    socket.destroy()
  }
}

const FULL = 'no process takes connections, and the backlog is full: further connections are closed'
