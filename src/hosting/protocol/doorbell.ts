// The memory that a pool and one of its threads share: a bell that wakes a blocked thread, and the claims that
// decide who has a request, the thread that is about to run it or the pool that wants it back.

const BELL = 0
const TURN = 1
const FIRST_CLAIM = 2
const CLAIMS = 64
// A wait never lasts longer without a look around, whatever became of the other side.
const MAX_WAIT_MS = 1_000

const FREE = 0
const RUNNING = 1
const TAKEN_BACK = 2

/** Both sides count the requests of a thread in their order; the count is what names a claim. */
export class Doorbell {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(4 * (FIRST_CLAIM + CLAIMS))) {
    this.memory = memory
    this.#words = new Int32Array(memory)
  }

  /** Rung by the pool behind everything that it sends. */
  ring(): void {
    Atomics.add(this.#words, BELL, 1)
    Atomics.notify(this.#words, BELL)
  }

  /** How often it was rung. */
  get rings(): number {
    return Atomics.load(this.#words, BELL)
  }

  /** Blocks the calling thread until it is rung again. */
  wait(rings: number): void {
    Atomics.wait(this.#words, BELL, rings, MAX_WAIT_MS)
  }

  /** The pool hands over request number `count`. */
  offer(count: number): void {
    Atomics.store(this.#words, slot(count), FREE)
  }

  /** The thread is about to run it; false: it was taken back. Either way it is past it. */
  claim(count: number): boolean {
    Atomics.store(this.#words, TURN, count + 1)
    return Atomics.compareExchange(this.#words, slot(count), FREE, RUNNING) === FREE
  }

  /** The number behind the last one that the thread has come to. */
  get turn(): number {
    return Atomics.load(this.#words, TURN)
  }

  /** Whether number `count` would take the word of a request that the thread has not come to. */
  isFull(count: number): boolean {
    return count - this.turn >= CLAIMS
  }

  /** The pool wants it back; false: it is running. */
  takeBack(count: number): boolean {
    return Atomics.compareExchange(this.#words, slot(count), FREE, TAKEN_BACK) === FREE
  }
}

function slot(count: number): number {
  return FIRST_CLAIM + (count % CLAIMS)
}
