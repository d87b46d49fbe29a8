// Records the answer of an app from the events that it sends.

import type { Buffer } from 'node:buffer'
import { readFile, stat } from 'node:fs/promises'
import { hasContent, isEventStream } from '../../http/content.ts'
import { getHeader } from '../../http/headers.ts'
import { KeptBytes } from './kept-bytes.ts'
import type { HeaderPairs, SendEvent } from '../../contract/events.ts'
import type { Answer } from '../compare/answer.ts'
import type { BodySpace } from './kept-bytes.ts'

/** The answer of one exchange. Its owner calls {@link clear} in the end. */
export class Recording {
  /** Null before the head. */
  status: number | null = null
  /** The answer is a stream of events (`text/event-stream`), which has no end. Its body is not kept. */
  isStream = false
  #headers: HeaderPairs = []
  #file: string | null = null
  #hasBegun = false
  #isWhole = false
  readonly #body: KeptBytes
  readonly #method: string
  readonly #maxBytes: number

  constructor(method: string, { space, maxBytes }: { space: BodySpace; maxBytes: number }) {
    this.#method = method
    this.#maxBytes = maxBytes
    this.#body = new KeptBytes(space, maxBytes)
  }

  /** The bound that the body broke; null if it broke none. */
  get fault(): KeptBytes['fault'] {
    return this.#body.fault
  }

  /** Takes an event before the exchange does. A malformed one is left to the exchange. */
  take(event: SendEvent): void {
    if (event?.type === 'http.response.body') this.#takeBody(event.body, event.moreBody)
    else if (event?.type === 'http.response.start') this.#takeHead(event.status, event.headers)
    else if (event?.type === 'http.response.pathsend') this.#file = event.path
  }

  /** The answer so far; the bytes of a file are read now. Null if the file is longer than a body may be. */
  async answer(): Promise<Answer | null> {
    const status = this.status ?? 0
    const { fault } = this
    const file = hasContent(this.#method, status) ? this.#file : null
    if (file === null) return this.#answerWith(this.#body.joined(), fault !== null)
    if ((await stat(file)).size > this.#maxBytes) return null
    return this.#answerWith(await readFile(file), false)
  }

  /** Drops the bytes of the body. */
  clear(): void {
    this.#body.clear()
  }

  #answerWith(body: Buffer, isCut: boolean): Answer {
    return { status: this.status ?? 0, headers: this.#headers, body, isCut }
  }

  #takeHead(status: unknown, headers: unknown): void {
    // The exchange may have refused an earlier head.
    if (typeof status !== 'number' || this.#hasBegun) return
    this.status = status
    this.#isWhole = !hasContent(this.#method, status)
    this.#headers = pairsIn(headers)
    this.isStream = isEventStream(getHeader(this.#headers, 'content-type') ?? '')
  }

  #takeBody(body: unknown, moreBody: unknown): void {
    this.#hasBegun = true
    if (this.#isWhole) return
    this.#isWhole = moreBody !== true
    if (this.isStream || (typeof body !== 'string' && !(body instanceof Uint8Array))) return
    this.#body.add(body)
  }
}

// A copy: middleware outside of the migration may change the list.
function pairsIn(headers: unknown): HeaderPairs {
  if (!Array.isArray(headers)) return []
  return headers.flatMap((pair: unknown) => {
    if (!Array.isArray(pair)) return []
    const [name, value] = pair as unknown[]
    const isPair = typeof name === 'string' && typeof value === 'string'
    return isPair ? [[name.toLowerCase(), value] as [string, string]] : []
  })
}
