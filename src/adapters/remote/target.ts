// One target: its connections, its health and its figures.

import { DurationBuckets } from '../../figures/duration-buckets.ts'
import { RemoteConnection, connectorTo } from './connection.ts'
import { TargetHealth } from './target-health.ts'
import type { Log } from '../../contract/log.ts'
import type { TargetReport } from '../../contract/report.ts'
import type { Candidate } from './balance.ts'
import type { RemoteSettings } from './settings.ts'
import type { TargetAddress } from './target-address.ts'

/** A target of remote(), from the first request to the shutdown. It owns its connections. */
export class Target implements Candidate {
  readonly name: string
  readonly address: TargetAddress
  readonly health: TargetHealth
  readonly #settings: RemoteSettings
  readonly #log: Log
  readonly #connector: ReturnType<typeof connectorTo>
  readonly #idle: RemoteConnection[] = []
  readonly #busy = new Set<RemoteConnection>()
  readonly #headTimes = new DurationBuckets()
  #pending = 0
  #completed = 0
  #failed = 0
  #retried = 0

  constructor(address: TargetAddress, settings: RemoteSettings, log: Log) {
    this.name = address.text
    this.address = address
    this.health = new TargetHealth(settings.health)
    this.#settings = settings
    this.#log = log
    this.#connector = connectorTo(address, settings)
  }

  /** The requests and WebSockets under way. */
  get pending(): number {
    return this.#pending
  }

  get share(): number {
    return this.health.share(performance.now())
  }

  /** Whether a connection is free, or may be opened. */
  get hasRoom(): boolean {
    return this.#busy.size < this.#settings.connections
  }

  /** A request or a WebSocket goes to this target. */
  begins(): void {
    this.#pending += 1
    this.health.begins()
  }

  /** The target has answered, `headMs` after the request. */
  answered(headMs: number): void {
    this.#headTimes.record(headMs)
    this.passesCheck()
  }

  /** The target is healthy: a request or a check says so. */
  passesCheck(): void {
    if (this.health.succeeds(performance.now())) {
      this.#log.info({ target: this.name }, 'remote(): the target is up again')
    }
  }

  /** The request ended, with its response or because of its client. */
  completes(): void {
    this.#pending -= 1
    this.#completed += 1
    this.health.endsUnknown()
  }

  /** The target failed before the head of a response. */
  fails(error: unknown): void {
    this.#pending -= 1
    this.#failed += 1
    this.failsCheck(error)
  }

  /** The target broke its response off. Its health does not change: the client may be the reason. */
  breaksOff(): void {
    this.#pending -= 1
    this.#failed += 1
    this.health.endsUnknown()
  }

  /** A check, or a request, has failed. */
  failsCheck(error: unknown): void {
    if (!this.health.fails(performance.now())) return
    this.#log.warn({ target: this.name, err: error }, 'remote(): the target is down')
  }

  /** The request goes to another target. */
  retries(): void {
    this.#retried += 1
  }

  /** Takes the connection that was used last, because the others may then close; or a new one. */
  acquire(): RemoteConnection {
    const connection = this.#idle.pop()
    if (!connection) return this.acquireNew()
    this.#busy.add(connection)
    return connection
  }

  /** Takes a new connection. */
  acquireNew(): RemoteConnection {
    const connection = this.#connect()
    this.#busy.add(connection)
    return connection
  }

  released(connection: RemoteConnection): void {
    if (this.#busy.delete(connection)) this.#idle.push(connection)
  }

  discarded(connection: RemoteConnection): void {
    this.#busy.delete(connection)
  }

  /** A connection without a socket has nothing to keep. */
  closed(connection: RemoteConnection): void {
    const at = this.#idle.lastIndexOf(connection)
    if (at < 0) return
    this.#idle.splice(at, 1)
    connection.close().catch(() => undefined)
  }

  report(): TargetReport {
    return {
      url: this.name,
      state: this.health.state(performance.now()),
      inFlight: this.#pending,
      completed: this.#completed,
      failed: this.#failed,
      retried: this.#retried,
      headMs: this.#headTimes.stats(),
    }
  }

  /** Closes all connections at once. */
  async close(): Promise<void> {
    const connections = [...this.#idle, ...this.#busy]
    this.#idle.length = 0
    await Promise.all(connections.map((connection) => connection.close()))
  }

  #connect(): RemoteConnection {
    return new RemoteConnection(this.address, this.#settings, this.#connector, this)
  }
}
