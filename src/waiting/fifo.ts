// A queue whose cost does not grow with its length: shift() of a long array moves all of its elements.

// A shorter run of taken places costs less than the move of the others.
const MIN_TAKEN = 64

/** Values in the order in which they came. Each operation takes constant time on average. */
export class Fifo<Value> {
  #values: Array<Value | undefined> = []
  #head = 0

  get length(): number {
    return this.#values.length - this.#head
  }

  /** The value that came first; undefined if the queue is empty. */
  get first(): Value | undefined {
    return this.#values[this.#head]
  }

  /** The value that came last; undefined if the queue is empty. */
  get last(): Value | undefined {
    return this.length > 0 ? this.#values[this.#values.length - 1] : undefined
  }

  /** The value in this place, counted from the one that came first; undefined if there is none. */
  at(index: number): Value | undefined {
    return this.#values[this.#head + index]
  }

  push(value: Value): void {
    this.#values.push(value)
  }

  /** Puts `value` in the place of the value that came last, or adds it to an empty queue. */
  replaceLast(value: Value): void {
    if (this.length === 0) this.#values.push(value)
    else this.#values[this.#values.length - 1] = value
  }

  /** Takes the value that came first; undefined if the queue is empty. */
  shift(): Value | undefined {
    if (this.length === 0) return undefined
    const value = this.#values[this.#head]
    this.#values[this.#head] = undefined
    this.#head += 1
    if (this.#head === this.#values.length) this.clear()
    else if (this.#head >= MIN_TAKEN && this.#head * 2 >= this.#values.length) this.#compact()
    return value
  }

  clear(): void {
    if (this.#values.length > MIN_TAKEN) this.#values = []
    else this.#values.length = 0
    this.#head = 0
  }

  // At least half of the places are free, so a value moves once on average.
  #compact(): void {
    this.#values = this.#values.slice(this.#head)
    this.#head = 0
  }
}
