// startResponse(), write() and the chunks of one response under lint. The code of the server itself decides which of
// them are legal.

import { isNativeError } from 'node:util/types'
import { describe } from '../../sync/chunk.ts'
import { asBreach, breach } from '../breach.ts'
import { announcedHead } from '../../sync/response-head.ts'
import { hasAnsweredBySocket } from '../../sync/socket-answer.ts'
import { ResponseState } from '../../sync/start-response.ts'
import type {
  Chunk,
  Environ,
  StartResponse,
  StartResponseHeaders,
  Write,
} from '../../contract/environ.ts'
import type { Parties } from '../breach.ts'

const START = 'PEP 3333 (The start_response() Callable)'
const WRITE = 'PEP 3333 (The write() Callable)'
const BODY = 'PEP 3333 (Buffering and Streaming)'

// Headers that describe content, by a status without content (RFC 9110, 8.6 and 15.4.5).
const UNFIT: Record<number, RegExp> = { 204: /^content-(length|type)$/i, 304: /^content-type$/i }

type Handshake = Pick<Environ, 'REQUEST_METHOD' | 'wsgi.websocket'>

/** Follows one response with a state of its own, apart from that of the server. */
export class LintedResponse {
  /** The startResponse() for the app. */
  readonly startResponse: StartResponse
  /** Whether the app makes its next chunk, during which write() is illegal. */
  isIterating = false
  readonly #environ: Handshake
  readonly #method: string
  readonly #parties: Parties
  #model: ResponseState
  #modelWrite: Write = () => {}

  constructor(environ: Handshake, startResponse: StartResponse, parties: Parties) {
    this.#environ = environ
    this.#method = environ.REQUEST_METHOD
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

  /** Makes write() illegal from now on. */
  close(): void {
    this.#model.close()
  }

  #start(startResponse: StartResponse, args: unknown[]): Write {
    const { app, server } = this.#parties
    if (args.length < 2 || args.length > 3) {
      const fact = `startResponse was called with ${args.length} arguments`
      throw breach(app, START, fact, 'pass status and headers, and perhaps an error')
    }

    const [status, headers] = args as [string, StartResponseHeaders]
    const head = asBreach(app, START, () => announcedHead(status, headers))
    const unfit = headers.find(([name]) => UNFIT[head.status]?.test(name))
    if (unfit) {
      const fact = `a ${head.status} with ${unfit[0]}`
      throw breach(app, START, fact, 'it has no content: leave the header out')
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
      const fact = `excInfo is ${describe(excInfo)}`
      throw breach(this.#parties.app, START, fact, 'pass the Error that you caught')
    }
    const write: unknown = startResponse(status, headers, excInfo)
    // The server took the new head, perhaps because a middleware holds back the chunks of the old one.
    this.#model = this.#newModel()
    this.#modelWrite = this.#model.startResponse(status, headers)
    return write
  }

  #lintedWrite(write: Write): Write {
    return (...args: unknown[]) => {
      const { app } = this.#parties
      if (args.length !== 1) {
        throw breach(
          app,
          WRITE,
          `write() was called with ${args.length} arguments`,
          'pass one chunk',
        )
      }
      const [data] = args as [Chunk]
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
      isAnswered: () => hasAnsweredBySocket(this.#environ),
      // An app may answer HEAD as it answers GET; the server drops the chunks.
      warn: (message) => {
        if (this.#method === 'HEAD') return
        throw breach(this.#parties.app, BODY, message, 'send what the head announced')
      },
    })
  }
}
