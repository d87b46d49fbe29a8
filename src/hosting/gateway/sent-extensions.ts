// The extensions that a host knows. Most requests have the same ones, so a host gets them only when they change.

import { cloneable } from '../protocol/cloneable.ts'
import type { Extensions } from '../protocol/messages.ts'

/** Remembers the extensions of one kind of scope in one host. */
export class SentExtensions {
  readonly #withFiles: boolean
  #sent: Extensions | undefined

  /** @param options.withFiles whether the host may name a file that the server sends. Default false */
  constructor({ withFiles = false }: { withFiles?: boolean } = {}) {
    this.#withFiles = withFiles
  }

  /** Returns the extensions for the next message; null if they are those of the message before. */
  change(extensions: Extensions): Extensions | null {
    if (extensions === this.#sent) return null
    this.#sent = extensions
    // The app in a thread reads its files itself.
    const { 'http.response.pathsend': files, ...others } = extensions
    const offered =
      this.#withFiles && files ? { ...others, 'http.response.pathsend': files } : others
    return cloneable(offered).data as Extensions
  }
}
