// environ['wsgi.errors']: text for the operator (PEP 3333, "Input and Error Streams").

import { Buffer } from 'node:buffer'
import { writeSync } from 'node:fs'
import { inspect } from 'node:util'
import type { ErrorStream } from '../contract/environ.ts'

/**
 * An {@link ErrorStream} over `write`, which has to be durable when it returns: so is `flush()` then.
 * Takes any text, lone surrogates included; what is not text is shown as `console.error` shows it.
 *
 * @param write gets each text as the app wrote it, without a newline of ours
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

  // An app that reports its failure must not fail at it: an error object is as welcome as its text.
  write(text: unknown): void {
    this.#write(typeof text === 'string' ? text : inspect(text))
  }

  writelines(lines: Iterable<unknown>): void {
    for (const line of lines) this.write(line)
  }

  flush(): void {
    // Nothing is held back.
  }
}

/** Writes to the process's stderr. Durable when it returns, also in a pool thread and right before an exit. */
export const stderrStream: ErrorStream = errorStream(writeToStderr)

const STDERR = 2
const RETRY_MS = 1
const clock = new Int32Array(new SharedArrayBuffer(4))

// Not process.stderr: a pipe that is full makes it keep bytes back, and a thread's is written by the main thread.
function writeToStderr(text: string): void {
  let rest: Uint8Array = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDERR, rest))
    } catch (error) {
      // Nobody reads it any more: an app that reports its failure must not fail at it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      Atomics.wait(clock, 0, 0, RETRY_MS)
    }
  }
}
