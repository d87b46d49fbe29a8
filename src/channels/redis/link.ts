// One connection to one server of Redis that is made again for ever.

import { settlesWithin } from '../../waiting/settles-within.ts'
import type { NodeClient } from './client.ts'

/** The parts of a link, and its reports. */
interface LinkOptions {
  /** Makes a client that has no connection yet, and connects once. */
  dial: () => NodeClient | Promise<NodeClient>
  /** The connection is there. It counts as up when the promise resolves. */
  onConnect: (client: NodeClient) => Promise<void>
  /** The link is up, or down. `error` is the reason. */
  onChange: (isUp: boolean, error: unknown) => void
  pingIntervalMs: number
}

const DIAL_MS = 10_000
const FIRST_DELAY_MS = 50
const MAX_DELAY_MS = 3_000

/** Connects, and connects again after each end, with a growing delay. */
export class Link {
  readonly #options: LinkOptions
  #client: NodeClient | null = null
  #isUp = false
  #isClosed = false
  // Ends the connection that is there, or the wait for the next one.
  #wake: (error: unknown) => void = () => undefined
  #isHeard = true

  constructor(options: LinkOptions) {
    this.#options = options
    // It has no rejection: each failure is told, and another connection is made.
    this.#run().catch(() => undefined)
  }

  /** The client while the link is up. */
  get client(): NodeClient | null {
    return this.#isUp ? this.#client : null
  }

  /** Tells the link that bytes have come: the connection is alive. */
  heard(): void {
    this.#isHeard = true
  }

  /** Ends the connection, so that another one is made. */
  restart(error: unknown): void {
    if (this.#client) this.#wake(error)
  }

  close(): void {
    this.#isClosed = true
    this.#wake(new Error('the channels are closed'))
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isClosed; failures += 1) {
      if (failures > 0) await this.#pause(failures)
      if (this.#isClosed) return
      if (await this.#connectOnce()) failures = 0
    }
  }

  /** One connection from its beginning to its end. True: it was up. */
  async #connectOnce(): Promise<boolean> {
    const ended = new Promise<unknown>((resolve) => {
      this.#wake = resolve
    })
    let wasUp = false
    let error: unknown
    try {
      const isInTime = await settlesWithin(Promise.race([this.#open(), ended.then(fail)]), DIAL_MS)
      if (!isInTime) throw new Error(`Redis did not answer within ${DIAL_MS} ms`)
      wasUp = this.#isUp = true
      this.#options.onChange(true, null)
      error = await this.#watch(ended)
    } catch (reason) {
      error = reason
    }
    this.#isUp = false
    destroy(this.#client)
    this.#client = null
    if (!this.#isClosed) this.#options.onChange(false, error)
    return wasUp
  }

  async #open(): Promise<void> {
    const wake = this.#wake
    const client = await this.#options.dial()
    // The attempt has taken too long.
    if (this.#isClosed || wake !== this.#wake) return destroy(client)
    this.#client = client
    client.on('error', wake)
    client.on('end', wake)
    await client.connect()
    await this.#options.onConnect(client)
  }

  // A network that is cut sends no end of the connection: only the silence tells it.
  async #watch(ended: Promise<unknown>): Promise<unknown> {
    this.#isHeard = true
    const timer = setInterval(() => this.#ping(), this.#options.pingIntervalMs)
    try {
      return await ended
    } finally {
      clearInterval(timer)
    }
  }

  #ping(): void {
    const client = this.#client
    if (!client) return
    if (!this.#isHeard) {
      // After a blocked event loop the timer comes before the bytes that wait in the socket.
      setImmediate(() => {
        if (!this.#isHeard && client === this.#client) {
          this.#wake(new Error(`Redis did not answer for ${this.#options.pingIntervalMs} ms`))
        }
      })
      return
    }
    this.#isHeard = false
    client.sendCommand(['PING']).then(
      () => {
        this.#isHeard = true
      },
      () => undefined,
    )
  }

  #pause(failures: number): Promise<unknown> {
    const longest = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, 10))
    // Half of the delay is random: processes that lost their broker together do not return together.
    const delay = longest * (0.5 + Math.random() / 2)
    const woken = new Promise<unknown>((resolve) => {
      this.#wake = resolve
    })
    return settlesWithin(woken, delay)
  }
}

function fail(error: unknown): never {
  throw error
}

function destroy(client: NodeClient | null): void {
  try {
    client?.destroy()
  } catch {
    // The client has ended by itself.
  }
}
