// The response that an event app sends: its head is held back until the middleware is done with it, its body passes.

import { IllegalEventError } from '../../errors.ts'
import { isEventStream } from '../../http/content.ts'
import { checkedField, checkedHeaders } from '../../http/headers.ts'
import { sendAnswer } from './answer.ts'
import { MappedEvents } from './mapped-body.ts'
import { Outgoing } from '../response.ts'
import { fieldsOf } from '../header-list.ts'
import type {
  HeaderPairs,
  HttpResponseStartEvent,
  HttpScope,
  SendEvent,
  WebSocketAcceptEvent,
  WebSocketDenialStartEvent,
  WebSocketScope,
} from '../../contract/events.ts'
import type { ExchangeEnd } from './end.ts'

type StartEvent = HttpResponseStartEvent | WebSocketDenialStartEvent

const NO_HEADERS: HeaderPairs = []

// A server that holds the head back may answer it with one and the same promise each time: it is looked at once.
let lastTaken: Promise<void> | undefined

/** Takes what an app sends, one exchange long. */
export class AppResponse {
  /** Once there is a head: what the middleware gets. */
  response: Outgoing | undefined = undefined
  /** The head where it was announced; a handshake that is accepted or closed has none. */
  start: StartEvent | undefined = undefined
  /** The app accepts the WebSocket. */
  accepts = false
  /** Why the server refused the head: that shows at the body. */
  fault: unknown = undefined
  readonly #scope: HttpScope | WebSocketScope
  readonly #end: ExchangeEnd
  #mapped: MappedEvents | undefined = undefined

  constructor(scope: HttpScope | WebSocketScope, end: ExchangeEnd) {
    this.#scope = scope
    this.#end = end
  }

  /**
   * Takes the next event of a head. `held`: more is to come. `there`: with it the response is. `foreign`: it is none of
   * a head; what is illegal among those the server refuses.
   *
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`), {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`)
   */
  take(event: SendEvent): 'held' | 'there' | 'foreign' {
    if (this.response) return this.#takeNext(event, this.response)
    switch (event?.type) {
      case 'http.response.start':
        return this.#scope.type === 'http' ? this.#announced(event) : 'foreign'
      case 'websocket.http.response.start':
        return this.#scope.type === 'websocket' ? this.#announced(event) : 'foreign'
      case 'websocket.accept':
      case 'websocket.close':
        return this.#scope.type === 'websocket' ? this.#answered(event) : 'foreign'
      default:
        return 'foreign'
    }
  }

  /** Sends the head as it is now, and the event that it came with. */
  begin(first: SendEvent): Promise<void> {
    const response = this.response as Outgoing
    const { send } = this.#end
    if (first.type === 'websocket.accept') return send(changedAccept(first, response))
    if (first.type === 'websocket.close') {
      return response.untouched ? send(first) : sendAnswer(response, this.#scope, send)
    }

    const start = changedStart(this.start as StartEvent, response)
    const mapped = response.mapped(this.#scope.type === 'http' ? this.#scope.method : 'GET')
    if (mapped) {
      this.#mapped = new MappedEvents(mapped, this.#end)
      return this.#mapped.begin(start, first === this.start ? undefined : first)
    }
    const started = send(start)
    if (first === this.start) return started
    if (started !== lastTaken) this.#watchHead(started)
    return send(first)
  }

  #watchHead(started: Promise<void>): void {
    started.then(
      () => (lastTaken = started),
      (error: unknown) => (this.fault = error),
    )
  }

  /** Sends what comes behind. */
  pass(event: SendEvent): Promise<void> {
    return this.#mapped ? this.#mapped.pass(event) : this.#end.send(event)
  }

  #announced(event: StartEvent): 'held' | 'there' {
    const { status, headers = NO_HEADERS } = event
    const isStream = checksAsStream(headers)
    this.response = new Outgoing({ status, headers, body: null })
    this.start = event
    return isStream ? 'there' : 'held'
  }

  #answered(event: SendEvent): 'there' {
    this.accepts = event.type === 'websocket.accept'
    // ASGI, "Close": a handshake that is closed instead of accepted is answered 403.
    this.response =
      event.type === 'websocket.accept'
        ? new Outgoing({ status: 101, headers: checkedHeaders(event.headers ?? []), body: null })
        : new Outgoing({ status: 403, headers: [], body: [] })
    return 'there'
  }

  #takeNext(event: SendEvent, response: Outgoing): 'there' | 'foreign' {
    switch (event?.type) {
      case 'http.response.pathsend':
        return 'there'
      case 'http.response.body':
      case 'websocket.http.response.body': {
        const { body = '' } = event
        if (event.moreBody !== true) response.body = body.length === 0 ? [] : [body]
        return 'there'
      }
      case 'http.response.start':
      case 'websocket.http.response.start':
      case 'websocket.accept':
      case 'websocket.close':
        throw new IllegalEventError(
          `${event.type} is illegal here: the response is started and waiting for its body`,
        )
      default:
        return 'foreign'
    }
  }
}

// Nothing is copied: most heads pass as they are. Of server-sent events the head is wanted before there is a body.
function checksAsStream(headers: HeaderPairs): boolean {
  if (!Array.isArray(headers)) checkedHeaders(headers)
  let isStream = false
  for (const pair of headers) {
    if (checkedField(pair) === 'content-type') isStream = isEventStream(pair[1])
  }
  return isStream
}

function changedStart(event: StartEvent, response: Outgoing): StartEvent {
  if (response.untouched) return event
  return { ...event, status: response.status, headers: fieldsOf(response.headers) }
}

function changedAccept(event: WebSocketAcceptEvent, response: Outgoing): WebSocketAcceptEvent {
  return response.untouched ? event : { ...event, headers: fieldsOf(response.headers) }
}
