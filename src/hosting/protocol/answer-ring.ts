// Short parts of responses in memory that a thread shares with its pool. The pool sees a part at once, and one wake-up is
// enough for all parts, so that many tiny parts cost little. A part that does not fit goes as a message.

import { pairsOf } from '../../http/headers.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { PartMessage } from './messages.ts'

/** A part, and how long the app took for its request, if the request is over with it. */
interface Answer extends Pick<PartMessage, 'id' | 'head' | 'chunk' | 'end'> {
  tookMs: number
}

const RING_BYTES = 256 * 1024
const MAX_BYTES = 16 * 1024

// Four words that both sides share. The records begin at an aligned address after them.
const WRITTEN = 0
const READ = 1
const WOKEN = 2
const NEEDS_ROOM = 3
const FIRST_BYTE = 16

// A record: its size and five more words, two floats, the head, the chunk.
const STATUS = 1
const HEAD_BYTES = 2
const CHUNK_BYTES = 3
const KIND = 4
const BATCHES = 5
const ID = 3
const TOOK_MS = 4
const RECORD_BYTES = 40
const ALIGNMENT = 8
/** In the place of a size: the next record is at the start, because it had no room before the end. */
const NEXT_AT_START = -1
const NO_HEAD = -1

const NO_CHUNK = 0
const ASCII = 1
const BYTES = 2
const CHUNK_KINDS = 3
/** A flag: the request is over with this part. */
const END = 4

// A blocked thread looks at least this often, in case a wake-up was lost with the other side.
const MAX_WAIT_MS = 1_000

/** The thread writes and the pool reads. The pool never waits. */
export class AnswerRing {
  readonly memory: SharedArrayBuffer
  readonly #shared: Int32Array
  readonly #words: Int32Array
  readonly #floats: Float64Array
  readonly #bytes: Buffer

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(FIRST_BYTE + RING_BYTES)) {
    this.memory = memory
    this.#shared = new Int32Array(memory, 0, FIRST_BYTE / 4)
    this.#words = new Int32Array(memory, FIRST_BYTE)
    this.#floats = new Float64Array(memory, FIRST_BYTE)
    this.#bytes = Buffer.from(memory, FIRST_BYTE)
  }

  /** The place of the next record. A number of 32 bits that wraps around, as that of {@link put}. */
  get written(): number {
    return Atomics.load(this.#shared, WRITTEN)
  }

  /**
   * For the thread: writes a part. Returns false if there is no room, or if the part is too long for the ring.
   *
   * @param batches the number of batches of messages that the thread has sent before the part
   */
  put({ id, head, chunk, end, tookMs }: Answer, batches: number): boolean {
    if (chunk !== null && chunk.length > MAX_BYTES) return false
    const text = head === null ? '' : headText(head.headers)
    const chunkBytes = chunk === null ? 0 : Buffer.byteLength(chunk)
    const size = aligned(RECORD_BYTES + text.length + chunkBytes)
    const at = this.#reserve(size)
    if (at < 0) return false

    const word = at / 4
    this.#words[word + STATUS] = head === null ? NO_HEAD : head.status
    this.#words[word + HEAD_BYTES] = text.length
    this.#words[word + CHUNK_BYTES] = chunkBytes
    this.#words[word + KIND] = kindOf(chunk, chunkBytes) | (end ? END : 0)
    this.#words[word + BATCHES] = batches
    this.#floats[at / 8 + ID] = id
    this.#floats[at / 8 + TOOK_MS] = tookMs
    this.#bytes.write(text, at + RECORD_BYTES, 'latin1')
    this.#putChunk(chunk, at + RECORD_BYTES + text.length)
    this.#words[word] = size
    Atomics.add(this.#shared, WRITTEN, size)
    return true
  }

  /** For the thread: whether a part with a chunk of this length fits when the ring is empty. */
  isShort(chunk: Answer['chunk']): boolean {
    return chunk !== null && chunk.length * 3 + RECORD_BYTES <= MAX_BYTES
  }

  /** For the thread: whether it has to wake the pool. True once, until the pool calls {@link listen}. */
  mustWake(): boolean {
    return Atomics.exchange(this.#shared, WOKEN, 1) === 0
  }

  /** For the thread, after a {@link put} without room: blocks until the pool has taken a part, or for a second. */
  waitForRoom(): void {
    Atomics.store(this.#shared, NEEDS_ROOM, 1)
    const read = Atomics.load(this.#shared, READ)
    const isFull = ((this.written - read) | 0) > RING_BYTES / 2
    if (isFull) Atomics.wait(this.#shared, READ, read, MAX_WAIT_MS)
  }

  /** For the pool, before it takes all parts: later ones have to wake it again. */
  listen(): void {
    Atomics.store(this.#shared, WOKEN, 0)
  }

  /** For the pool, after it has taken parts: wakes a thread that waits for room. */
  offerRoom(): void {
    if (Atomics.exchange(this.#shared, NEEDS_ROOM, 0) === 1) Atomics.notify(this.#shared, READ)
  }

  /**
   * For the pool: takes the next part before the place `until`; undefined if there is none, or if a batch of messages
   * comes before it that has not arrived.
   *
   * @param batches the number of batches of messages that have arrived
   * @throws Error if the memory has no record there: the thread has written at random
   */
  take(until: number, batches: number): Answer | undefined {
    const read = Atomics.load(this.#shared, READ)
    if (read === until) return undefined
    const skipped = this.#skippedAt(offset(read))
    const unread = (until - read - skipped) | 0
    if (unread === 0) return undefined
    const at = offset(read + skipped)
    const size = this.#words[at / 4] as number
    if (!this.#isRecord(at, size, unread)) throw new Error('the ring has no record')
    if ((((this.#words[at / 4 + BATCHES] as number) - batches) | 0) > 0) return undefined
    const answer = this.#answerAt(at)
    // The position passes the skipped bytes with the record: a batch may have been sent before them.
    Atomics.add(this.#shared, READ, skipped + size)
    return answer
  }

  // The bytes before the end that hold no record, because the next one had no room there.
  #skippedAt(at: number): number {
    return at > 0 && this.#words[at / 4] === NEXT_AT_START ? RING_BYTES - at : 0
  }

  #isRecord(at: number, size: number, unread: number): boolean {
    const head = this.#words[at / 4 + HEAD_BYTES] as number
    const chunk = this.#words[at / 4 + CHUNK_BYTES] as number
    const isPlace = size > 0 && size <= unread && at + size <= RING_BYTES
    return isPlace && head >= 0 && chunk >= 0 && size === aligned(RECORD_BYTES + head + chunk)
  }

  // Returns the place of a record of this size, in one piece; negative if there is no room.
  #reserve(size: number): number {
    if (size > MAX_BYTES) return -1
    const written = Atomics.load(this.#shared, WRITTEN)
    // Both numbers only grow, and wrap around; `| 0` keeps their difference right.
    const free = RING_BYTES - ((written - Atomics.load(this.#shared, READ)) | 0)
    const at = offset(written)
    const toEnd = RING_BYTES - at
    if (size <= toEnd) return size <= free ? at : -1
    if (toEnd + size > free) return -1
    this.#words[at / 4] = NEXT_AT_START
    Atomics.add(this.#shared, WRITTEN, toEnd)
    return 0
  }

  #putChunk(chunk: Answer['chunk'], at: number): void {
    if (typeof chunk === 'string') this.#bytes.write(chunk, at)
    else if (chunk !== null) this.#bytes.set(chunk, at)
  }

  #answerAt(at: number): Answer {
    const word = at / 4
    const kind = this.#words[word + KIND] as number
    const chunkAt = at + RECORD_BYTES + (this.#words[word + HEAD_BYTES] as number)
    const chunkEnd = chunkAt + (this.#words[word + CHUNK_BYTES] as number)
    return {
      id: this.#floats[at / 8 + ID] as number,
      tookMs: this.#floats[at / 8 + TOOK_MS] as number,
      head: this.#head(this.#words[word + STATUS] as number, at + RECORD_BYTES, chunkAt),
      chunk: this.#chunk(kind & CHUNK_KINDS, chunkAt, chunkEnd),
      end: (kind & END) !== 0,
    }
  }

  #head(status: number, start: number, end: number): Answer['head'] {
    if (status === NO_HEAD) return null
    return { status, headers: pairsOf(this.#bytes.toString('latin1', start, end).split('\0')) }
  }

  // A copy, because the ring uses the memory again.
  #chunk(kind: number, start: number, end: number): Answer['chunk'] {
    if (kind === NO_CHUNK) return null
    return kind === ASCII
      ? this.#bytes.toString('latin1', start, end)
      : Uint8Array.prototype.slice.call(this.#bytes, start, end)
  }
}

function offset(count: number): number {
  return (count >>> 0) % RING_BYTES
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}

function kindOf(chunk: Answer['chunk'], chunkBytes: number): number {
  if (chunk === null) return NO_CHUNK
  return typeof chunk === 'string' && chunkBytes === chunk.length ? ASCII : BYTES
}

// A field is latin-1 without NUL (RFC 9110, 5.5).
function headText(headers: HeaderPairs): string {
  let text = ''
  for (const [name, value] of headers) text += `${name}\0${value}\0`
  return text
}
