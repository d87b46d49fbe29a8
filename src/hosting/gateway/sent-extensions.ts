// The extensions that a host knows. Most requests have the same ones, so a host gets them only when they change.

import { cloneable } from '../protocol/cloneable.ts'
import type { Extensions } from '../protocol/messages.ts'

/** Remembers the extensions of one kind of scope in one host. */
export class SentExtensions {
  #sent: Extensions | undefined

  /** Returns the extensions for the next message; null if they are those of the message before. */
  change(extensions: Extensions): Extensions | null {
    if (extensions === this.#sent) return null
    this.#sent = extensions
    // A host does not send files by their path: the app reads them itself.
    const { 'http.response.pathsend': _, ...offered } = extensions
    return cloneable(offered).data as Extensions
  }
}
