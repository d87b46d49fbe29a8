// startResponse, write() and the chunks of one response under lint. What is legal is asked of the real thing.

import { isNativeError } from 'node:util/types'
import { describe } from '../../sync/chunk.ts'
import { asBreach, breach } from './breach.ts'
import { announcedHead } from '../../sync/response-head.ts'
import { ResponseState } from '../../sync/start-response.ts'
import type { StartResponse, StartResponseHeaders, Write } from '../../contract/environ.ts'
import type { Parties } from './breach.ts'

const START = 'PEP 3333 (The start_response() Callable)'
const WRITE = 'PEP 3333 (The write() Callable)'
const BODY = 'PEP 3333 (Buffering and Streaming)'

// Headers that speak of content, where there is none (RFC 9110, 8.6 and 15.4.5).
const UNFIT: Record<number, RegExp> = { 204: /^content-(length|type)$/i, 304: /^content-type$/i }

/** Follows one response with a state of its own, beside that of the server. */
export class LintedResponse {
  /** To be given to the app. */
  readonly startResponse: StartResponse
  /** Whether the app is giving its next chunk: no time for write(). */
  isIterating = false
  readonly #method: string
  readonly #parties: Parties
  #model: ResponseState
  #modelWrite: Write = () => {}

  constructor(method: string, startResponse: StartResponse, parties: Parties) {
    this.#method = method
    this.#parties = parties
    this.#model = this.#newModel()
    this.startResponse = (...args: unknown[]) => this.#start(startResponse, args)
  }

  /** Checks a chunk that the app yielded. */
  admit(value: unknown): void {
    asBreach(this.#parties.app, BODY, () => this.#model.admit(value))
  }

  /** Checks that the body may end here. */
  finish(): void {
    asBreach(this.#parties.app, BODY, () => this.#model.finish())
  }

  /** No write() from now on. */
  close(): void {
    this.#model.close()
  }

  #start(startResponse: StartResponse, args: unknown[]): Write {
    const { app, server } = this.#parties
    if (args.length < 2 || args.length > 3) {
      const what = `startResponse was called with ${args.length} arguments`
      throw breach(app, START, what, 'pass status and headers, and perhaps an error')
    }

    const [status, headers] = args as [string, StartResponseHeaders]
    const head = asBreach(app, START, () => announcedHead(status, headers))
    const unfit = headers.find(([name]) => UNFIT[head.status]?.test(name))
    if (unfit) {
      const what = `a ${head.status} with ${unfit[0]}`
      throw breach(app, START, what, 'it has no content: leave the header out')
    }

    const write: unknown = this.#forward(startResponse, args)
    if (typeof write === 'function') return this.#lintedWrite(write as Write)
    throw breach(server, START, `startResponse returned ${describe(write)}`, 'return write(data)')
  }

  #forward(startResponse: StartResponse, args: unknown[]): unknown {
    const [status, headers, excInfo] = args as [string, StartResponseHeaders, unknown]
    if (excInfo === undefined || excInfo === null) {
      const { app } = this.#parties
      this.#modelWrite = asBreach(app, START, () => this.#model.startResponse(status, headers))
      return startResponse(status, headers)
    }

    if (!isNativeError(excInfo) && !(excInfo instanceof Error)) {
      const what = `excInfo is ${describe(excInfo)}`
      throw breach(this.#parties.app, START, what, 'pass the Error that you caught')
    }
    const write: unknown = startResponse(status, headers, excInfo)
    // It took the new head, and be it that a middleware held back the chunks of the old one.
    this.#model = this.#newModel()
    this.#modelWrite = this.#model.startResponse(status, headers)
    return write
  }

  #lintedWrite(write: Write): Write {
    return (data) => {
      const { app } = this.#parties
      if (this.isIterating) {
        throw breach(app, WRITE, 'write() was called while the body was iterated', 'yield instead')
      }
      asBreach(app, WRITE, () => this.#modelWrite(data))
      write(data)
    }
  }

  #newModel(): ResponseState {
    return new ResponseState(this.#method, {
      onWrite: () => {},
      // An app may answer HEAD as it answers GET: what it yields is dropped, and no fault.
      warn: (message) => {
        if (this.#method === 'HEAD') return
        throw breach(this.#parties.app, BODY, message, 'send what the head announced')
      },
    })
  }
}
