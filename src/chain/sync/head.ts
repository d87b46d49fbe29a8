// The head of a sync app's response. The chain holds the head back until the middleware has finished with the response.

import { statusLine } from '../../http/status-line.ts'
import { announcedHead } from '../../sync/response-head.ts'
import { hasAnsweredBySocket } from '../../sync/socket-answer.ts'
import { checkStartCall, contentAfterAnswer, missingHead } from '../../sync/start-call.ts'
import { Outgoing } from '../response.ts'
import type {
  Chunk,
  Environ,
  StartResponse,
  StartResponseHeaders,
  Write,
} from '../../contract/environ.ts'
import type { AnnouncedHead } from '../../sync/response-head.ts'

/** Takes the app's calls of `startResponse`, and passes one head to the server's `startResponse`. */
export class SyncHead {
  #startResponse: StartResponse | undefined
  #status = ''
  #headers: StartResponseHeaders = []
  #called = false
  #announced: AnnouncedHead | undefined
  #committed = false
  readonly #environ: Environ

  constructor(environ: Environ) {
    this.#environ = environ
  }

  /** Takes the server's function; called once, before the other methods. */
  open(startResponse: StartResponse): void {
    this.#startResponse = startResponse
  }

  /**
   * Takes a call of `startResponse` by the app.
   *
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`); {@link AppError} (`ISTHMUS_APP_FAULT`) for a second call
   *   without `excInfo`; `excInfo` itself after the server has the head
   */
  announce(status: string, headers: StartResponseHeaders, excInfo: unknown): void {
    checkStartCall(this.#called, this.#committed, excInfo)
    this.#called = true
    // An invalid head must not leave the earlier head in place: the app wants to replace that one.
    this.#announced = undefined
    this.#announced = announcedHead(status, headers)
    this.#status = status
    this.#headers = headers
  }

  /**
   * The response that the app announced; a 101 if it has answered by its WebSocket.
   *
   * @param body all chunks if the chain knows the whole body, else null
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) if the app announced no head
   */
  response(body: readonly Chunk[] | null): Outgoing {
    if (this.#isUpgraded) return new Outgoing({ status: 101, headers: [], body: null })
    if (!this.#announced) throw missingHead(this.#called)
    const { status, headers } = this.#announced
    return new Outgoing({ status, headers, body })
  }

  /** Gives the server the head of the app's own response. */
  pass(response: Outgoing): Write {
    this.#committed = true
    // The 101 is on the wire, and a sync app sends no head after it.
    if (this.#isUpgraded) return refuseUpgraded
    if (response.untouched) return this.#start(this.#status, this.#headers)
    return this.answer(response)
  }

  /** Gives the server a head. */
  answer({ status, fields }: Outgoing): Write {
    this.#committed = true
    const line = this.#announced?.status === status ? this.#status : statusLine(status)
    return this.#start(line, fields)
  }

  get #isUpgraded(): boolean {
    return !this.#announced && hasAnsweredBySocket(this.#environ)
  }

  #start(status: string, headers: StartResponseHeaders): Write {
    return (this.#startResponse as StartResponse)(status, headers)
  }
}

function refuseUpgraded(): never {
  throw contentAfterAnswer()
}
