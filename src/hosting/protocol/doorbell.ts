// The memory that a pool and one of its threads share: a bell that wakes a blocked thread, a question whether its event
// loop turns, a count of the steps of a WebSocket, and one claim for each request.
//
// A claim decides a race: the thread is about to run a request while the pool wants to take the request back. Both try to
// change the same word from FREE with one atomic operation, and exactly one of them succeeds. The words form a ring:
// request number n uses word n modulo 64.

const BELL = 0
const TURN = 1
const ASKED = 2
const TURNED = 3
const STEPS = 4
const FIRST_CLAIM = 5
const CLAIMS = 64
// A blocked thread wakes at least this often, in case a ring was lost with the other side.
const MAX_WAIT_MS = 1_000

const FREE = 0
const RUNNING = 1
const TAKEN_BACK = 2

/** Both sides count the requests of a thread in their order. The count names a claim. */
export class Doorbell {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array
  #turn = 0

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(4 * (FIRST_CLAIM + CLAIMS))) {
    this.memory = memory
    this.#words = new Int32Array(memory)
  }

  /** The pool rings after everything that it sends. */
  ring(): void {
    Atomics.add(this.#words, BELL, 1)
    Atomics.notify(this.#words, BELL)
  }

  /** The number of rings so far. */
  get rings(): number {
    return Atomics.load(this.#words, BELL)
  }

  /** Blocks the calling thread until the next ring after number `rings`, or for `mostMs`, a second at most. */
  wait(rings: number, mostMs: number = MAX_WAIT_MS): void {
    Atomics.wait(this.#words, BELL, rings, Math.min(mostMs, MAX_WAIT_MS))
  }

  /** For the thread: the app of a WebSocket has made a call. */
  step(): void {
    Atomics.add(this.#words, STEPS, 2)
  }

  /** For the thread: the app of a WebSocket begins to wait for its client, until {@link goOn}. */
  rest(): void {
    Atomics.add(this.#words, STEPS, 1)
  }

  /** For the thread: the app goes on. */
  goOn(): void {
    Atomics.add(this.#words, STEPS, 1)
  }

  /** For the pool: a number that changes with each step; odd while the app waits for its client. */
  get steps(): number {
    return Atomics.load(this.#words, STEPS)
  }

  /** For the pool: asks the thread to say when its event loop has turned. The next {@link ring} has to wake the thread. */
  ask(): void {
    Atomics.add(this.#words, ASKED, 1)
  }

  /** For the pool: whether the event loop of the thread has turned since the last {@link ask}. */
  get hasTurned(): boolean {
    return Atomics.load(this.#words, TURNED) === Atomics.load(this.#words, ASKED)
  }

  /** For the thread: its event loop has turned, and has begun everything that has arrived. */
  turned(): void {
    Atomics.store(this.#words, TURNED, Atomics.load(this.#words, ASKED))
  }

  /** The pool hands over request number `count`. */
  offer(count: number): void {
    Atomics.store(this.#words, slot(count), FREE)
  }

  /** The thread has come to request number `count`. Returns true if it may run the request; false: it was taken back. */
  claim(count: number): boolean {
    Atomics.store(this.#words, TURN, (count + 1) | 0)
    return Atomics.compareExchange(this.#words, slot(count), FREE, RUNNING) === FREE
  }

  /** For the pool: the number after the last request that the thread has come to. */
  get turn(): number {
    // The word has 32 bits and wraps around; `| 0` keeps the difference right.
    this.#turn += (Atomics.load(this.#words, TURN) - this.#turn) | 0
    return this.#turn
  }

  /** Whether number `count` would use the word of a request that the thread has not come to. */
  isFull(count: number): boolean {
    return count - this.turn >= CLAIMS
  }

  /** The pool wants request number `count` back. Returns false if the request runs already. */
  takeBack(count: number): boolean {
    return Atomics.compareExchange(this.#words, slot(count), FREE, TAKEN_BACK) === FREE
  }
}

function slot(count: number): number {
  return FIRST_CLAIM + (count % CLAIMS)
}
