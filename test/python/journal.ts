// The journal of an app: the lines that fixtures/journal.py has written.

import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

/** The lines of one file. */
export class Journal {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async lines(): Promise<string[]> {
    const text = await readFile(this.#path, 'utf8').catch(() => '')
    return text.split('\n').filter((line) => line !== '')
  }

  /** Resolves with `line` when it is there; throws after ten seconds. */
  has(line: string): Promise<string> {
    return this.#first(`"${line}"`, (other) => other === line)
  }

  /** Resolves with the first line that begins with `start`; throws after ten seconds. */
  startsWith(start: string): Promise<string> {
    return this.#first(`"${start}…"`, (line) => line.startsWith(start))
  }

  /** Resolves with the number of lines before `line` when it is there. */
  async position(line: string): Promise<number> {
    await this.has(line)
    return (await this.lines()).indexOf(line)
  }

  async #first(wanted: string, matches: (line: string) => boolean): Promise<string> {
    const end = Date.now() + 10_000
    for (;;) {
      const lines = await this.lines()
      const found = lines.find(matches)
      if (found !== undefined) return found
      if (Date.now() > end) throw new Error(`no ${wanted} in the journal: ${lines.join('; ')}`)
      await setTimeout(10)
    }
  }
}
