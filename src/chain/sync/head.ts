// The head of a sync app's response, held back until the middleware is done with it.

import { AppError } from '../../errors.ts'
import { statusLine } from '../../http/status-line.ts'
import { announcedHead } from '../../sync/response-head.ts'
import { Outgoing } from '../response.ts'
import { fieldsOf } from '../header-list.ts'
import type { Chunk, StartResponse, StartResponseHeaders, Write } from '../../contract/environ.ts'
import type { AnnouncedHead } from '../../sync/response-head.ts'

/** Stands in for the server's `startResponse` towards the app. */
export class SyncHead {
  readonly #startResponse: StartResponse
  #status = ''
  #headers: StartResponseHeaders = []
  #called = false
  #announced: AnnouncedHead | undefined
  #isOver = false

  constructor(startResponse: StartResponse) {
    this.#startResponse = startResponse
  }

  /**
   * What the app calls.
   *
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`); {@link AppError} (`ISTHMUS_APP_FAULT`) for a second call;
   *   `excInfo` once the head is out of the app's hands
   */
  announce(status: string, headers: StartResponseHeaders, excInfo: unknown): void {
    const replaces = (excInfo ?? undefined) !== undefined
    if (replaces && this.#isOver) throw excInfo
    if (!replaces && this.#called) {
      throw new AppError(
        'startResponse was called twice; to replace the head, pass the error being handled as third argument',
      )
    }
    this.#called = true
    this.#announced = undefined
    this.#announced = announcedHead(status, headers)
    this.#status = status
    this.#headers = headers
  }

  /**
   * The response that was announced, with `body` as far as it is known.
   *
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) when there is none
   */
  response(body: readonly Chunk[] | null): Outgoing {
    if (!this.#announced) {
      throw new AppError(
        this.#called
          ? 'there is no head to send: the last call of startResponse failed'
          : 'startResponse was not called before the first chunk, or the end, of the body',
      )
    }
    const { status, headers } = this.#announced
    return new Outgoing({ status, headers, body })
  }

  /** Gives the server the head of the app's own response. */
  pass(response: Outgoing): Write {
    this.#isOver = true
    if (response.untouched) return this.#startResponse(this.#status, this.#headers)
    return this.answer(response)
  }

  /** Gives the server a head. */
  answer({ status, headers }: Outgoing): Write {
    this.#isOver = true
    const line = this.#announced?.status === status ? this.#status : statusLine(status)
    return this.#startResponse(line, fieldsOf(headers))
  }
}
