// A WebSocket whose failure comes after the answers to the messages before the fault.

import { WebSocket } from 'ws'

/**
 * The socket class for the `ws` package. `ws` reads many frames in one turn of the event loop. Without this class, the
 * close for a bad frame overtakes the answers to the good messages that came before it.
 */
export class LateFailureSocket extends WebSocket {
  /** Called with the function that fails the connection. Default: the connection fails at once. */
  onFault: ((fail: () => void) => void) | undefined

  /**
   * After a fault, the app answers the messages before it first, within `closeTimeoutMs`.
   *
   * @param whenAnswered calls its argument once the app has taken all messages
   */
  delayFaults(closeTimeoutMs: number, whenAnswered: (callback: () => void) => void): void {
    this.onFault = delayed(this, closeTimeoutMs, whenAnswered)
  }

  /** Closes; after a fault of the client, at the time that {@link onFault} decides. */
  override close(code?: number, reason?: string | Buffer): void {
    // The `ws` package calls close() with a code and without a reason only for a fault.
    const isFault = code !== undefined && reason === undefined
    if (isFault && this.onFault) this.onFault(() => super.close(code))
    else super.close(code, reason)
  }
}

function delayed(
  frames: LateFailureSocket,
  closeTimeoutMs: number,
  whenAnswered: (callback: () => void) => void,
): (fail: () => void) => void {
  return (fail) => {
    const timer = setTimeout(fail, closeTimeoutMs)
    frames.once('close', () => clearTimeout(timer))
    whenAnswered(() => {
      clearTimeout(timer)
      fail()
    })
  }
}
