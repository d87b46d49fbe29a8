// The requests that a process has, in the order of their assignment. The process begins them in this order.

interface Turn {
  readonly id: number
  readonly turn: number
  /** Whether the last part of the response, or its failure, has come. */
  isAnswered: boolean
}

/** Knows which requests a process cannot have begun. The list is short. */
export class Turns {
  readonly #slots: number
  readonly #list: Turn[] = []

  /** @param slots the requests that the process runs at the same time */
  constructor(slots: number) {
    this.#slots = slots
  }

  get size(): number {
    return this.#list.length
  }

  add(id: number, turn: number): void {
    this.#list.push({ id, turn, isAnswered: false })
  }

  /** The last part of the response of `id`, or its failure, has come: the process may have begun the next request. */
  answered(id: number): void {
    const turn = this.#list.find((entry) => entry.id === id)
    if (turn) turn.isAnswered = true
  }

  remove(id: number): void {
    const index = this.#list.findIndex((entry) => entry.id === id)
    if (index >= 0) this.#list.splice(index, 1)
  }

  /** Takes back number `turn`, if as many requests before it as the process has slots have no answer. */
  takeBack(turn: number): boolean {
    const index = this.#list.findIndex((entry) => entry.turn === turn)
    if (index < 0) return false
    const before = this.#list.slice(0, index).filter(({ isAnswered }) => !isAnswered)
    if (before.length < this.#slots) return false
    this.#list.splice(index, 1)
    return true
  }
}
