// The buffers of one pool: a request takes its slot when its body is there, and its response leaves the thread early.

import { BufferSpace } from './buffer-space.ts'
import { RequestBuffer } from './request-buffer.ts'
import type { ReceiveEvent } from '../../../contract/events.ts'
import type { Log } from '../../../contract/log.ts'
import type { BufferingSettings } from './buffering-settings.ts'
import type { StoreBounds } from './byte-store.ts'

/** The load of the buffers of a pool at one moment. */
export interface BufferStats {
  /** Requests whose body arrives; they have no thread, and do not wait for one yet. */
  requests: number
  /** Bytes of bodies in memory. */
  memoryBytes: number
  /** Bytes of temporary files. */
  fileBytes: number
}

type Receives = () => Promise<ReceiveEvent>

/** The buffers of a pool, which closes it. */
export class Buffers {
  /** The bounds of a response that the thread does not wait with. */
  readonly responses: StoreBounds
  /** The bounds of a response that streams: the thread waits for its reader. */
  readonly streamed: StoreBounds
  readonly #requests: StoreBounds
  // The requests whose body has not arrived.
  readonly #filling = new Set<RequestBuffer>()

  constructor(settings: BufferingSettings, log: Log) {
    const space = new BufferSpace(settings, log)
    const { maxRequestMemoryBytes, maxRequestFileBytes } = settings
    const { maxResponseMemoryBytes, maxResponseFileBytes } = settings
    this.#requests = {
      space,
      maxMemoryBytes: maxRequestMemoryBytes,
      maxFileBytes: maxRequestFileBytes,
    }
    this.responses = {
      space,
      maxMemoryBytes: maxResponseMemoryBytes,
      maxFileBytes: maxResponseFileBytes,
    }
    this.streamed = { space, maxMemoryBytes: 0, maxFileBytes: 0 }
  }

  /** Whether a request waits for its body before it takes a slot. */
  get holdRequests(): boolean {
    return this.#requests.maxMemoryBytes > 0 || this.#requests.maxFileBytes > 0
  }

  get stats(): BufferStats {
    const { memoryBytes, fileBytes } = this.#requests.space
    return { requests: this.#filling.size, memoryBytes, fileBytes }
  }

  /**
   * Waits until the body of `receive` is there, then runs `work` with a function that takes the place of `receive`.
   *
   * @throws the error of `receive`, of {@link close}, or of `work`
   */
  async runWith(receive: Receives, work: (receive: Receives) => Promise<void>): Promise<void> {
    const buffer = new RequestBuffer(receive, this.#requests)
    try {
      await this.#fill(buffer)
      await work(() => buffer.receive())
    } finally {
      buffer.close()
    }
  }

  /** Fails the requests whose body has not arrived. */
  close(error: Error): void {
    for (const buffer of this.#filling) buffer.close(error)
  }

  async #fill(buffer: RequestBuffer): Promise<void> {
    this.#filling.add(buffer)
    try {
      await buffer.fill()
    } finally {
      this.#filling.delete(buffer)
    }
  }
}
