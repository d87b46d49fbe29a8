// The output of a process as lines of the log.

import { StringDecoder } from 'node:string_decoder'
import type { Readable } from 'node:stream'

/** A longer line is cut into several ones. */
const MAX_LINE = 16 * 1024
/** The line with which Python begins the stack of an error. */
const TRACEBACK = /^Traceback \(most recent call last\):/

/** Calls `onText` with each line of `stream`; the lines of a traceback come as one text. */
export function readLines(stream: Readable, onText: (text: string) => void): void {
  const lines = new OutputLines(onText)
  const decoder = new StringDecoder()
  stream.on('data', (bytes: Buffer) => lines.push(decoder.write(bytes)))
  stream.on('end', () => lines.end())
  stream.on('error', () => lines.end())
}

class OutputLines {
  readonly #onText: (text: string) => void
  #rest = ''
  #traceback: string[] = []

  constructor(onText: (text: string) => void) {
    this.#onText = onText
  }

  push(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() as string
    for (const line of lines) this.#take(line)
    for (; this.#rest.length > MAX_LINE; this.#rest = this.#rest.slice(MAX_LINE)) {
      this.#take(this.#rest.slice(0, MAX_LINE))
    }
  }

  end(): void {
    if (this.#rest !== '') this.#take(this.#rest)
    this.#rest = ''
    this.#endTraceback()
  }

  // The last line of a traceback is the first one that is not indented.
  #take(line: string): void {
    const isInside = this.#traceback.length > 0
    if (isInside || TRACEBACK.test(line)) this.#traceback.push(line)
    if (isInside && (!line.startsWith(' ') || this.#traceback.length > 1_000)) this.#endTraceback()
    else if (!isInside && this.#traceback.length === 0 && line.trim() !== '') this.#onText(line)
  }

  #endTraceback(): void {
    if (this.#traceback.length === 0) return
    this.#onText(this.#traceback.join('\n'))
    this.#traceback = []
  }
}
