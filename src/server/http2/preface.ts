// The first bytes of a connection without TLS: the preface of HTTP/2 with prior knowledge, or a request of HTTP/1.1.

import { Timer } from '../../waiting/timer-wheel.ts'
import type { Socket } from 'node:net'
import type { TimerWheel } from '../../waiting/timer-wheel.ts'

// RFC 9113, 3.4.
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/**
 * Reads a socket up to the first byte that decides, and puts all bytes back. The socket is paused then. A socket that
 * ends before, or stays silent, is closed.
 */
export class PrefaceWait {
  readonly socket: Socket
  readonly #timer: Timer
  readonly #onKnown: (isHttp2: boolean) => void
  #bytes: Buffer = Buffer.alloc(0)

  /** @param onKnown not called for a socket that closes before */
  constructor(
    socket: Socket,
    wheel: TimerWheel,
    timeoutMs: number,
    onKnown: (isHttp2: boolean) => void,
  ) {
    this.socket = socket
    this.#onKnown = onKnown
    this.#timer = new Timer(wheel, () => socket.destroy())
    this.#timer.arm(timeoutMs)
    socket.on('data', this.#onData).on('end', this.#destroy).on('error', this.#destroy)
    socket.on('close', this.#onClose).resume()
  }

  /** Closes the socket if no deciding byte comes within `ms`. */
  hurry(ms: number): void {
    if (ms === 0) this.socket.destroy()
    else this.#timer.arm(ms)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const size = Math.min(this.#bytes.length, PREFACE.length)
    const isAlike = this.#bytes.compare(PREFACE, 0, size, 0, size) === 0
    if (isAlike && size < PREFACE.length) return
    this.#release()
    this.socket.pause()
    this.socket.unshift(this.#bytes)
    this.#onKnown(isAlike)
  }

  readonly #destroy = (): void => void this.socket.destroy()
  readonly #onClose = (): void => this.#release()

  #release(): void {
    this.#timer.cancel()
    const { socket } = this
    socket.off('data', this.#onData).off('end', this.#destroy).off('error', this.#destroy)
    socket.off('close', this.#onClose)
  }
}
