// Whole answers in memory that a thread shares with its pool. The pool sees an answer at once, and one wake-up is enough
// for all answers. An answer that does not fit goes as a message.

import { pairsOf } from '../../http/headers.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { PartMessage } from './messages.ts'

/** The only part of a response, and how long the app took for it. */
interface Answer extends Pick<PartMessage, 'id' | 'head' | 'chunk'> {
  tookMs: number
}

const RING_BYTES = 256 * 1024
const MAX_BYTES = 16 * 1024

// Three words that both sides share. The records begin at an aligned address after them.
const WRITTEN = 0
const READ = 1
const WOKEN = 2
const FIRST_BYTE = 16

// A record: its size and four more words, two floats, the head, the chunk.
const STATUS = 1
const HEAD_BYTES = 2
const CHUNK_BYTES = 3
const CHUNK_KIND = 4
const ID = 3
const TOOK_MS = 4
const RECORD_BYTES = 40
const ALIGNMENT = 8
/** In the place of a size: the next record is at the start, because it had no room before the end. */
const NEXT_AT_START = -1

const NO_CHUNK = 0
const ASCII = 1
const BYTES = 2

/** The thread writes and the pool reads. Neither waits for the other. */
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

  /** For the thread: writes an answer. Returns false if there is no room, or if the answer is too long for the ring. */
  put({ id, head, chunk, tookMs }: Answer): boolean {
    if (head === null || (chunk !== null && chunk.length > MAX_BYTES)) return false
    const text = headText(head.headers)
    const chunkBytes = chunk === null ? 0 : Buffer.byteLength(chunk)
    const size = aligned(RECORD_BYTES + text.length + chunkBytes)
    const at = this.#reserve(size)
    if (at < 0) return false

    const word = at / 4
    this.#words[word + STATUS] = head.status
    this.#words[word + HEAD_BYTES] = text.length
    this.#words[word + CHUNK_BYTES] = chunkBytes
    this.#words[word + CHUNK_KIND] = kindOf(chunk, chunkBytes)
    this.#floats[at / 8 + ID] = id
    this.#floats[at / 8 + TOOK_MS] = tookMs
    this.#bytes.write(text, at + RECORD_BYTES, 'latin1')
    this.#putChunk(chunk, at + RECORD_BYTES + text.length)
    this.#words[word] = size
    Atomics.add(this.#shared, WRITTEN, size)
    return true
  }

  /** For the thread: whether it has to wake the pool. True once, until the pool calls {@link listen}. */
  mustWake(): boolean {
    return Atomics.exchange(this.#shared, WOKEN, 1) === 0
  }

  /** For the pool, before it takes all answers: later ones have to wake it again. */
  listen(): void {
    Atomics.store(this.#shared, WOKEN, 0)
  }

  /** For the pool: takes the next answer; undefined if there is none. */
  take(): Answer | undefined {
    const read = Atomics.load(this.#shared, READ)
    if (read === Atomics.load(this.#shared, WRITTEN)) return undefined
    const at = offset(read)
    const size = this.#words[at / 4] as number
    if (size === NEXT_AT_START) {
      Atomics.add(this.#shared, READ, RING_BYTES - at)
      return this.take()
    }
    const answer = this.#answerAt(at)
    Atomics.add(this.#shared, READ, size)
    return answer
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
    const chunkAt = at + RECORD_BYTES + (this.#words[word + HEAD_BYTES] as number)
    const chunkEnd = chunkAt + (this.#words[word + CHUNK_BYTES] as number)
    return {
      id: this.#floats[at / 8 + ID] as number,
      tookMs: this.#floats[at / 8 + TOOK_MS] as number,
      head: {
        status: this.#words[word + STATUS] as number,
        headers: pairsOf(this.#bytes.toString('latin1', at + RECORD_BYTES, chunkAt).split('\0')),
      },
      chunk: this.#chunk(this.#words[word + CHUNK_KIND] as number, chunkAt, chunkEnd),
    }
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
