// Writes to stdout and stderr that do not wait, in any thread and until the last moment of the process.

import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'

/**
 * A standard stream whose `write` does not wait for the reader. A write to the inherited descriptor may wait: other
 * processes share its flags, and a child process that inherits it makes it blocking again. process.stdout and
 * process.stderr keep text in memory without a bound; in a worker the main thread writes for them.
 *
 * A pipe and a terminal are opened a second time, with flags of their own; on other systems than Linux they are not, and
 * a write to them may wait. That descriptor stays open until the process or its thread ends.
 */
export class StandardStream {
  readonly #descriptor: number
  readonly #handle: Handle | undefined

  /** @param stream 1 for stdout, 2 for stderr */
  constructor(stream: 1 | 2) {
    this.#descriptor = openedAgain(stream) ?? stream
    if (this.#descriptor === stream) this.#handle = handleOf(stream)
  }

  /** Returns the number of written bytes: 0 if the reader has to read first, undefined if the bytes cannot be written. */
  write(bytes: Uint8Array): number | undefined {
    try {
      this.#handle?.setBlocking?.(false)
      return writeSync(this.#descriptor, bytes)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : undefined
    }
  }
}

interface Handle {
  setBlocking?(isBlocking: boolean): unknown
}

function openedAgain(stream: 1 | 2): number | undefined {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
  try {
    const stats = fstatSync(stream)
    if (!stats.isFIFO() && !stats.isCharacterDevice()) return undefined
    return openSync(`/proc/self/fd/${stream}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch {
    // Another system than Linux, or a pipe of another user.
    return undefined
  }
}

// The handle of a pipe or socket can make it non-blocking at any time. net.Socket has no public method for that. The
// end of this socket does not close the descriptor: libuv leaves those of the standard streams open.
function handleOf(stream: 1 | 2): Handle | undefined {
  try {
    if (fstatSync(stream).isFile()) return undefined
    const socket = new Socket({ fd: stream, readable: false, writable: true }).unref()
    return (socket as unknown as { _handle: Handle | null })._handle ?? undefined
  } catch {
    return undefined
  }
}
