// Outcomes, counted by their text.

/** The outcomes of many tries, of which one text is the wanted one. */
export class Tally {
  readonly #faults = new Map<string, number>()
  #right = 0
  #all = 0

  /** Counts one outcome; `where` tells a fault from the same fault elsewhere. */
  count(outcome: string, wanted: string, where: string): void {
    this.#all += 1
    if (outcome === wanted) this.#right += 1
    else this.#fault(`${where}: ${outcome} in place of ${wanted}`)
  }

  /** For a cell of a table: `60 of 60`. */
  toString(): string {
    return `${this.#right} of ${this.#all}`
  }

  /** One line for each kind of fault, with its count. */
  faults(): string[] {
    return [...this.#faults].map(([fault, count]) => `${fault}, ${count} ×`)
  }

  #fault(text: string): void {
    this.#faults.set(text, (this.#faults.get(text) ?? 0) + 1)
  }
}
