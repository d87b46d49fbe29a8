// environ['wsgi.errors']: text for the operator (PEP 3333, "Input and Error Streams").

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

/** Writes to `process.stderr`: at once for files and terminals, and for pipes on POSIX. */
export const stderrStream: ErrorStream = errorStream((text) => process.stderr.write(text))
