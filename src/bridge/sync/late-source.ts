// The body of a request for an app whose chain decides before the body has been received.

import { AppError } from '../../errors.ts'
import type { InputSource } from '../../sync/input.ts'

/** A source that gets its bytes later. */
export class LateSource implements InputSource {
  #source: InputSource | undefined
  #wasReadEarly = false

  /** Whether a read came before {@link arrived}. */
  get wasReadEarly(): boolean {
    return this.#wasReadEarly
  }

  /** The body has been received. */
  arrived(source: InputSource): void {
    this.#source = source
  }

  pull(size: number): Uint8Array {
    if (this.#source) return this.#source.pull(size)
    this.#wasReadEarly = true
    throw new AppError('wsgi.input was read before the body was received')
  }
}
