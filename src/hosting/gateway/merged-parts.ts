// Short parts of one response that have arrived together, as one part: many tiny parts cost like few large ones.

import type { PartMessage } from '../protocol/messages.ts'

/** Merges the parts that are pushed until {@link flush}. A part with a head or an end stays by itself. */
export class MergedParts {
  readonly #owner: { onPart(part: PartMessage): void }
  #first: PartMessage | undefined
  // Most parts are alone.
  #more: PartMessage[] = []

  constructor(owner: { onPart(part: PartMessage): void }) {
    this.#owner = owner
  }

  push(part: PartMessage): void {
    const isMiddle = part.head === null && !part.end
    if (isMiddle && this.#first?.id === part.id) return void this.#more.push(part)
    this.flush()
    if (isMiddle) this.#first = part
    else this.#owner.onPart(part)
  }

  /** Passes on the parts that were pushed. */
  flush(): void {
    const first = this.#first
    if (!first) return
    const more = this.#more
    this.#first = undefined
    if (more.length === 0) return this.#owner.onPart(first)
    this.#more = []
    this.#owner.onPart({ ...first, chunk: joined([first, ...more]) })
  }
}

// A string in shared memory is ASCII.
function joined(parts: PartMessage[]): Uint8Array {
  const chunks = parts.flatMap(({ chunk }) => (chunk === null ? [] : [chunk]))
  return Buffer.concat(
    chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)),
  )
}
