// environ['wsgi.errors']: text for the operator (PEP 3333, "Input and Error Streams").

import { inspect } from 'node:util'
import { BoundedWriter } from '../bounded-writer.ts'
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

const output = new BoundedWriter(2, (lost) => {
  output.write(`isthmus: stderr was not read: ${lost} texts of wsgi.errors were dropped\n`)
})

/**
 * Writes to stderr of the process, for an app on the event loop. Text is durable when `write` returns; if the reader of
 * stderr has stalled, text waits or is dropped.
 */
export const stderrStream: ErrorStream = errorStream((text) => output.write(text))

const READER_MS = 1_000
let hasStalled = false

/**
 * Writes to stderr of the process, for an app in a pool thread. `write` waits until the text is durable. After a second it
 * takes the reader for stalled: then text waits or is dropped, as with {@link stderrStream}, until the reader reads again.
 */
export const waitingStderrStream: ErrorStream = errorStream((text) => {
  output.write(text)
  hasStalled = !output.drain(hasStalled ? 0 : READER_MS)
})
