// systemd, and managers with the same protocol: the socket that they pass, and the news about the state that they get.

import { execFile } from 'node:child_process'
import { InvalidOptionError } from '../errors.ts'
import { SILENT_LOG } from '../silent-log.ts'
import type { Log } from '../contract/log.ts'

type Variables = Record<string, string | undefined>

const FIRST_FD = 3
const LIMIT_MS = 10_000

/**
 * The listening socket that systemd has passed to this process; null if there is none. The variables are removed from
 * `env`: child processes must not take the socket for their own.
 *
 * @param isPlaceNamed the command line says where to listen
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for several sockets, if the command line names none of them:
 *   the clients of the others would wait for ever
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
 */
export function takeListenFd(env: Variables, pid: number, isPlaceNamed: boolean): number | null {
  const { LISTEN_PID: owner, LISTEN_FDS: count } = env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
  const sockets = owner === String(pid) ? Number(count) : 0
  if (sockets > 1 && !isPlaceNamed) throw new InvalidOptionError(severalSockets(sockets))
  return sockets >= 1 ? FIRST_FD : null
}

function severalSockets(count: number): string {
  const last = FIRST_FD + count - 1
  return `systemd has passed ${count} sockets, and a server takes one: name it, --fd ${FIRST_FD} to --fd ${last}`
}

/** Sends one message of assignments such as `READY=1`. */
type Send = (assignments: readonly string[]) => Promise<void>

/**
 * The service manager that has started this process. Its variables are removed from `env`, so that no child process speaks for
 * the service.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
export function takeServiceManager(env: Variables, pid: number): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = env
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
  const isWatched = watched === undefined || watched === String(pid)
  const watchdogMs = isWatched && Number(usec) > 0 ? Number(usec) / 1_000 : 0
  const send = socket === undefined || socket === '' ? sendNothing : sender(socket, { ...env })
  return new ServiceManager(send, watchdogMs)
}

/** Tells the service manager about the life of this process. Without a manager each method does nothing. */
export class ServiceManager {
  log: Log = SILENT_LOG
  readonly #send: Send
  readonly #watchdogMs: number
  // One after the other: each message is sent by a process of its own, and READY must not overtake STOPPING.
  #sent: Promise<void> = Promise.resolve()
  #unsent = 0
  #hasFailed = false
  #isWatched = false

  /** @param watchdogMs the manager ends a process that is silent for this time; 0 for none */
  constructor(send: Send, watchdogMs: number) {
    this.#send = send
    this.#watchdogMs = watchdogMs
  }

  /** The server listens, or has reloaded. */
  ready(): void {
    this.#tell('READY=1', 'STATUS=serving')
    if (this.#watchdogMs === 0 || this.#isWatched) return
    this.#isWatched = true
    // A timer of the event loop: an event loop that stands still is silent.
    setInterval(() => this.#live(), this.#watchdogMs / 2).unref()
  }

  reloading(): void {
    const now = process.hrtime.bigint() / 1_000n
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${now}`, 'STATUS=reloading')
  }

  /** The server drains. */
  stopping(): void {
    this.#tell('STOPPING=1', 'STATUS=draining')
  }

  /** Resolves when all messages so far are sent. */
  async sent(): Promise<void> {
    await this.#sent
  }

  // On a busy machine a message takes longer than the interval, and each message says that the process lives.
  #live(): void {
    if (this.#unsent === 0) this.#tell('WATCHDOG=1')
  }

  #tell(...assignments: string[]): void {
    this.#unsent += 1
    this.#sent = this.#sent
      .then(() => this.#send(assignments))
      .catch((err: unknown) => {
        if (!this.#hasFailed)
          this.log.warn({ err }, 'the service manager could not be told the state')
        this.#hasFailed = true
      })
      .then(() => {
        this.#unsent -= 1
      })
  }
}

async function sendNothing(): Promise<void> {}

// Node has no datagram sockets of AF_UNIX. systemd-notify waits until the manager has taken the message, so that the manager
// still finds the process that it came from.
function sender(socket: string, env: Variables): Send {
  const options = { env: { ...env, NOTIFY_SOCKET: socket }, timeout: LIMIT_MS }
  return (assignments) =>
    new Promise((resolve, reject) => {
      execFile('systemd-notify', [...assignments], options, (error: Error | null) => {
        if (error) reject(error)
        else resolve()
      })
    })
}
