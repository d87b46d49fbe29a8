// The requests that a host of the Fetch API hands to an app.

import { AppError } from '../../errors.ts'
import { hasBody } from '../../http/content.ts'
import { judgeError } from '../../http/error-verdict.ts'
import { harmless } from '../../waiting/deferred.ts'
import { plainResponse } from '../refusal.ts'
import { fetchHead } from './fetch-head.ts'
import { FetchTransport } from './fetch-transport.ts'
import { innerApp } from './inner-app.ts'
import { EmbeddedServer } from './server.ts'
import type { EventApp, HttpScope } from '../../contract/events.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { FetchSettings } from './options.ts'

/** The second and the third argument of a handler. They may be any values. */
interface OuterArguments {
  environment: unknown
  context: unknown
}

/** Serves one app to any number of hosts. */
export class FetchHost {
  readonly server: EmbeddedServer
  readonly #settings: FetchSettings

  constructor(app: EventApp, settings: FetchSettings) {
    this.server = new EmbeddedServer(app, settings.server)
    this.#settings = settings
  }

  async handle(request: Request, outer: OuterArguments): Promise<Response> {
    if (typeof request.url !== 'string') throw new AppError(NO_REQUEST)
    const dispatcher = await this.#dispatcher()
    if (dispatcher instanceof Response) return dispatcher
    request.signal.throwIfAborted()
    return this.#serve(request, outer, dispatcher)
  }

  async #dispatcher(): Promise<Dispatcher | Response> {
    try {
      return (await this.server.start()).dispatcher
    } catch (error) {
      if (this.#settings.errors === 'pass') throw error
      const [{ headers = [] }, { body }] = plainResponse(judgeError(error).status)
      return new Response(body as string, { status: judgeError(error).status, headers })
    }
  }

  #serve(
    request: Request,
    { environment, context }: OuterArguments,
    dispatcher: Dispatcher,
  ): Promise<Response> {
    const { errors } = this.#settings
    const { exchanges, app } = this.server
    const wasRead = request.bodyUsed
    const outer = scopeIn(environment)
    const body = wasRead ? null : bodyOf(request, outer)
    const { head, base } = fetchHead({ request, body, outer })
    const transport = new FetchTransport(request.signal, body, () => exchanges.delete(transport))
    exchanges.add(transport)
    const before = wasRead || body?.locked === true ? new AppError(READ_BEFORE) : null
    const inner = innerApp(app, { base, before, errors, transport })
    transport.events = dispatcher.http(head, transport, (...exchange) => {
      const running = inner(...exchange)
      waitUntil(context, running)
      return running
    })
    return transport.response
  }
}

// An event app has three parameters too.
const NO_REQUEST =
  'toFetch() makes a function of a Request: pass the app itself to serve(), mount() and chain()'
const READ_BEFORE =
  'the request body was read before the app got it: give toFetch() a clone() of the request, or read the body in the app'

// Hosts give each request a stream whose method may have a body. A light request makes a real one for it.
function bodyOf(request: Request, outer: HttpScope | undefined): Request['body'] {
  const { method } = request
  if (method === 'GET' || method === 'HEAD' || (outer && !hasBody(outer))) return null
  return request.body
}

function scopeIn(environment: unknown): HttpScope | undefined {
  const { scope } = (environment ?? {}) as { scope?: HttpScope | undefined }
  return scope?.type === 'http' ? scope : undefined
}

// An edge host ends its work with the response, unless it is told of more.
function waitUntil(context: unknown, work: Promise<unknown>): void {
  const { waitUntil } = (context ?? {}) as { waitUntil?: unknown }
  if (typeof waitUntil !== 'function') return
  waitUntil.call(context, harmless(work.then(undefined, () => undefined)))
}
