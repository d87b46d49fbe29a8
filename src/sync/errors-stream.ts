// environ['wsgi.errors']: text for the operator (PEP 3333, "Input and Error Streams").

import { Buffer } from 'node:buffer'
import { writeSync } from 'node:fs'
import { inspect } from 'node:util'
import type { ErrorStream } from '../contract/environ.ts'

/**
 * An {@link ErrorStream} over `write`. The text has to be durable when `write` returns, because `flush()` does nothing.
 * The stream takes lone surrogates, and it also takes values that are not text: it formats them as `console.error`
 * does.
 *
 * @param write gets each text as the app wrote it, without an added newline
 *
 * @example
 * environ['wsgi.errors'] = errorStream((text) => log.error({ requestId }, text.trimEnd()))
 */
export function errorStream(write: (text: string) => void): ErrorStream {
  return new CallbackErrors(write)
}

class CallbackErrors implements ErrorStream {
  readonly #write: (text: string) => void

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  // The method throws no TypeError: an app that reports a failure with an Error object must not fail a second time.
  write(text: unknown): void {
    this.#write(typeof text === 'string' ? text : inspect(text))
  }

  writelines(lines: Iterable<unknown>): void {
    for (const line of lines) this.write(line)
  }

  flush(): void {
    // Every write is durable when it returns.
  }
}

/** Writes to stderr of the process. Text is durable when `write` returns, also in a pool thread and just before an exit. */
export const stderrStream: ErrorStream = errorStream(writeToStderr)

const STDERR = 2
const RETRY_MS = 1
const clock = new Int32Array(new SharedArrayBuffer(4))

// process.stderr does not fit: it buffers if the pipe is full, and in a worker thread the main thread writes for it.
function writeToStderr(text: string): void {
  let unwritten: Uint8Array = Buffer.from(text)
  while (unwritten.length > 0) {
    try {
      unwritten = unwritten.subarray(writeSync(STDERR, unwritten))
    } catch (error) {
      // Stderr is closed, and the text is lost: an app that reports a failure must not fail a second time.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      Atomics.wait(clock, 0, 0, RETRY_MS)
    }
  }
}
