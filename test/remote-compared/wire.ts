// One end of a TCP connection, byte by byte. Every wait has a deadline.

import { once } from 'node:events'
import { connect } from 'node:net'
import { settlesWithin } from '../../src/waiting/settles-within.ts'
import type { Socket } from 'node:net'

/** How the other side ended the connection: with FIN, with RST, or not yet. */
type Ending = 'open' | 'end' | 'reset'

const WAIT_MS = 30_000

/** The text of a connection, each character one byte. The case that opens it also disposes it. */
export class Wire implements Disposable {
  readonly socket: Socket
  #text = ''
  #ending: Ending = 'open'
  #wake = new Set<() => void>()

  constructor(socket: Socket) {
    this.socket = socket.setNoDelay()
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1')
      this.#woken()
    })
    socket.on('end', () => this.#ended('end'))
    socket.on('error', () => this.#ended('reset'))
    socket.on('close', () => this.#ended('end'))
  }

  /** Opens a connection that stays half open when the other side ends its half. */
  static async connect(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    await once(socket, 'connect', { signal: AbortSignal.timeout(WAIT_MS) })
    return new Wire(socket)
  }

  /** Sends bytes. */
  send(text: string): void {
    if (this.socket.writable) this.socket.write(Buffer.from(text, 'latin1'))
  }

  /** Sends FIN, after these bytes. */
  end(text = ''): void {
    if (this.socket.writable) this.socket.end(Buffer.from(text, 'latin1'))
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** The bytes that have arrived and were not taken. */
  get unread(): string {
    return this.#text
  }

  /** How the other side ended the connection, up to now. */
  get ending(): Ending {
    return this.#ending
  }

  /** The next bytes up to and with `mark`. @throws Error if the connection ends first, or nothing comes for WAIT_MS */
  async until(mark: string): Promise<string> {
    const isThere = (): boolean => this.#text.includes(mark)
    await this.#wait(() => isThere() || this.#ending !== 'open')
    if (!isThere()) throw new Error('the connection ends')
    return this.#take(this.#text.indexOf(mark) + mark.length)
  }

  /** The next `size` bytes; fewer if the connection ends first. */
  async bytes(size: number): Promise<string> {
    await this.#wait(() => this.#text.length >= size || this.#ending !== 'open')
    return this.#take(size)
  }

  /** Every byte up to the end of the connection. */
  async rest(): Promise<string> {
    await this.ended()
    return this.#take(this.#text.length)
  }

  /** How the other side ends the connection. */
  async ended(): Promise<Ending> {
    await this.#wait(() => this.#ending !== 'open')
    return this.#ending
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #take(size: number): string {
    const taken = this.#text.slice(0, size)
    this.#text = this.#text.slice(size)
    return taken
  }

  async #wait(isReached: () => boolean): Promise<void> {
    const reached = this.#untilReached(isReached)
    if (!(await settlesWithin(reached, WAIT_MS))) throw new Error('nothing comes')
  }

  async #untilReached(isReached: () => boolean): Promise<void> {
    while (!isReached()) {
      await new Promise<void>((resolve) => this.#wake.add(resolve))
    }
  }

  #ended(ending: Ending): void {
    if (this.#ending === 'open') this.#ending = ending
    this.#woken()
  }

  #woken(): void {
    const waiting = [...this.#wake]
    this.#wake.clear()
    for (const wake of waiting) wake()
  }
}
