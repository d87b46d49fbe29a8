// Writes the responses of one connection to a web server, and no further ahead than the web server reads.

import { Buffer } from 'node:buffer'
import { Timer } from '../../waiting/timer-wheel.ts'
import { statusHead } from './status-head.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { TimerWheel } from '../../waiting/timer-wheel.ts'
import type { OutputFraming } from './protocol.ts'

// The most bytes of one frame: a record of FastCGI has at most 65,535.
const SLICE_BYTES = 32 * 1024
const NOTHING = new Uint8Array(0)

/** Writes to one socket. The owner of the socket reports `drain` to the writer. */
export class CgiWriter {
  /** The head of the response under way was written. */
  headSent = false
  readonly #socket: Socket
  readonly #framing: OutputFraming
  readonly #timer: Timer
  readonly #timeoutMs: number
  #unsent: Uint8Array = NOTHING
  #isLast = false
  #ending = false
  #lastTaken = 0

  /** @param onStall called when bytes wait and the web server has taken none for `timeoutMs` */
  constructor(
    parts: { socket: Socket; framing: OutputFraming; wheel: TimerWheel; timeoutMs: number },
    onStall: () => void,
  ) {
    this.#socket = parts.socket
    this.#framing = parts.framing
    this.#timeoutMs = parts.timeoutMs
    this.#timer = new Timer(parts.wheel, () =>
      this.#takenBytes() > this.#lastTaken ? this.#watch() : onStall(),
    )
  }

  /** The web server must read before more is written. */
  get blocked(): boolean {
    return this.#unsent.length > 0 || this.#socket.writableNeedDrain
  }

  /** Written bytes wait for the web server. */
  get waiting(): boolean {
    return this.#unsent.length > 0 || this.#socket.writableLength > 0
  }

  /** The next response begins. */
  begin(): void {
    this.headSent = false
  }

  /** Writes head, chunk and end together, each if it is there. */
  write({ head, chunk, end }: ResponsePart): void {
    this.#flush()
    const text = head === null ? '' : statusHead(head)
    if (head !== null) this.headSent = true
    const bytes = bytesOf(chunk)
    if (text.length + bytes.length <= SLICE_BYTES) this.#frame(text, bytes, end)
    else this.#writeLong(text, bytes, chunk, end)
    if (this.waiting && !this.#timer.armed) this.#watch()
  }

  /** Writes bytes that belong to no response. */
  reply(bytes: Uint8Array): void {
    this.#flush()
    this.#socket.write(bytes)
    if (this.waiting && !this.#timer.armed) this.#watch()
  }

  /** Gives the rest of a response up that the web server does not want. */
  giveUp(): void {
    this.#unsent = NOTHING
    this.#isLast = false
  }

  /** The socket has taken the last bytes: writes the next ones. */
  onDrain(): void {
    while (this.#unsent.length > 0 && !this.#socket.writableNeedDrain) this.#writeSlice()
    if (this.#unsent.length === 0 && this.#ending) this.#socket.end()
  }

  /** Ends our side of the connection after the bytes that wait. */
  end(): void {
    this.#ending = true
    this.onDrain()
  }

  /** The socket is gone. */
  release(): void {
    this.#timer.cancel()
  }

  #watch(): void {
    if (!this.waiting) return
    this.#lastTaken = this.#takenBytes()
    this.#timer.arm(this.#timeoutMs)
  }

  #takenBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength
  }

  // An app that does not wait for its send() has the order of its parts, but the socket holds their bytes.
  #flush(): void {
    while (this.#unsent.length > 0) this.#writeSlice()
  }

  // The app waits for a part that is not the last one. It may change its bytes after the last one.
  #writeLong(
    text: string,
    bytes: Uint8Array,
    chunk: Uint8Array | string | null,
    end: boolean,
  ): void {
    const head = Buffer.from(text, 'latin1')
    for (let at = 0; at < head.length; at += SLICE_BYTES) {
      this.#frame('', head.subarray(at, at + SLICE_BYTES), false)
    }
    this.#unsent = end && typeof chunk !== 'string' ? Buffer.from(bytes) : bytes
    this.#isLast = end
    if (bytes.length === 0) this.#writeSlice()
    else this.onDrain()
  }

  #writeSlice(): void {
    const slice = this.#unsent.subarray(0, SLICE_BYTES)
    this.#unsent = this.#unsent.subarray(slice.length)
    const isLast = this.#isLast && this.#unsent.length === 0
    if (isLast) this.#isLast = false
    this.#frame('', slice, isLast)
  }

  #frame(text: string, bytes: Uint8Array, end: boolean): void {
    const before = this.#framing.before(text.length + bytes.length)
    const after = end ? this.#framing.after(true) : NOTHING
    const frame = Buffer.concat([before, Buffer.from(text, 'latin1'), bytes, after])
    if (frame.length > 0) this.#socket.write(frame)
  }
}

function bytesOf(chunk: Uint8Array | string | null): Uint8Array {
  if (chunk === null) return NOTHING
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}
