// A TCP proxy whose connections a test can cut: with an end, or without one.

import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** Passes the bytes of all connections on, until it is cut. */
export class Cable {
  readonly #server: Server
  readonly #pairs = new Set<[Socket, Socket]>()
  #state: 'whole' | 'silent' | 'closed' = 'whole'
  /** The connections that were made. */
  connections = 0

  private constructor(target: number) {
    this.#server = createServer((near) => {
      this.connections += 1
      near.on('error', () => undefined)
      if (this.#state === 'closed') return void near.destroy()
      const far = connect(target, '127.0.0.1')
      this.#join(near, far)
    })
  }

  static async to(port: number): Promise<Cable> {
    const cable = new Cable(port)
    await new Promise<void>((resolve) => {
      cable.#server.listen(0, '127.0.0.1', resolve)
    })
    return cable
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Ends all connections, and those that come. */
  cut(): void {
    this.#state = 'closed'
    this.#endAll()
  }

  /** Passes no bytes on, and ends no connection: neither side learns of the cut. */
  silence(): void {
    this.#state = 'silent'
    for (const pair of this.#pairs) for (const socket of pair) socket.pause()
  }

  /** Passes no bytes of the server on: commands run, and their answers are lost. */
  deafen(): void {
    for (const [, far] of this.#pairs) far.pause()
  }

  /** Passes the bytes of the server on again. */
  hear(): void {
    for (const [, far] of this.#pairs) far.resume()
  }

  /** Ends all connections once. */
  pull(): void {
    this.#endAll()
  }

  /** Passes bytes on again. The connections of before are ended, because a network forgets them. */
  mend(): void {
    if (this.#state === 'silent') this.#endAll()
    this.#state = 'whole'
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  #join(near: Socket, far: Socket): void {
    const pair: [Socket, Socket] = [near, far]
    this.#pairs.add(pair)
    for (const [from, to] of [pair, pair.toReversed() as [Socket, Socket]]) {
      from.on('data', (bytes) => void to.write(bytes))
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#pairs.delete(pair)
        to.destroy()
      })
      if (this.#state === 'silent') from.pause()
    }
  }

  #endAll(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }
}
