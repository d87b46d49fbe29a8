// The progress of a run, on stderr: one line that changes on a terminal, a line for each step elsewhere.

/** Counts the steps of a run. */
export class Progress {
  readonly #steps: number
  readonly #startedAt = performance.now()
  #done = 0

  constructor(steps: number) {
    this.#steps = steps
  }

  /** A step begins. */
  step(what: string): void {
    const line = `[${this.#done + 1}/${this.#steps}] ${what}${this.#left()}`
    this.#done += 1
    if (!process.stderr.isTTY) return void process.stderr.write(`${line}\n`)
    process.stderr.write(`\r\x1b[K${line.slice(0, process.stderr.columns - 1)}`)
  }

  /** The run is over. */
  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }

  #left(): string {
    // The first steps are no measure for the others.
    if (this.#done < 5) return ''
    const eachMs = (performance.now() - this.#startedAt) / this.#done
    const seconds = Math.round((eachMs * (this.#steps - this.#done)) / 1000)
    return seconds < 90 ? `, ${seconds} s left` : `, ${Math.round(seconds / 60)} min left`
  }
}
