// Holds back the head of an event app's response until the middleware has finished with it, then passes the body on.

import { IllegalEventError } from '../../errors.ts'
import { isEventStream } from '../../http/content.ts'
import { checkedField, checkedHeaders } from '../../http/headers.ts'
import { TAKEN } from '../../waiting/taken.ts'
import { Outgoing } from '../response.ts'
import { sendAnswer } from './answer.ts'
import { MappedEvents } from './mapped-body.ts'
import type {
  HeaderPairs,
  HttpResponseStartEvent,
  HttpScope,
  SendEvent,
  WebSocketAcceptEvent,
  WebSocketDenialStartEvent,
  WebSocketScope,
} from '../../contract/events.ts'
import type { MappedBody } from '../body-map.ts'
import type { ExchangeEnd } from './end.ts'

type StartEvent = HttpResponseStartEvent | WebSocketDenialStartEvent

const NO_HEADERS: HeaderPairs = []

/** Takes the events that an app sends in one exchange. */
export class AppResponse {
  /** The response for the middleware; undefined before the app has sent a head. */
  response: Outgoing | undefined = undefined
  /** The start event of the app; undefined for a handshake that the app accepts or closes. */
  start: StartEvent | undefined = undefined
  /** Whether the app accepts the WebSocket. */
  accepts = false
  /** The server's reason to refuse the head. The app itself only sees that the server then refuses the body. */
  fault: unknown = undefined
  readonly #scope: HttpScope | WebSocketScope
  readonly #end: ExchangeEnd
  #mapped: MappedEvents | undefined = undefined

  constructor(scope: HttpScope | WebSocketScope, end: ExchangeEnd) {
    this.#scope = scope
    this.#end = end
  }

  /**
   * Takes the next event up to the complete head. `held`: the head needs one more event. `there`: the head is complete.
   * `foreign`: the event does not belong to a head, and goes to the server, which refuses illegal events.
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

  /** Sends the head as the middleware left it, and the event that completed it. */
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
      if (mapped.needsClose) this.#closeAtEnd(mapped)
      this.#mapped = new MappedEvents(mapped, this.#end)
      return this.#mapped.begin(start, first === this.start ? undefined : first)
    }
    const started = send(start)
    if (first === this.start) return started
    if (started !== TAKEN) this.#watchHead(started)
    return send(first)
  }

  /** Sends an event that comes after the head. */
  pass(event: SendEvent): Promise<void> {
    return this.#mapped ? this.#mapped.pass(event) : this.#end.send(event)
  }

  #watchHead(started: Promise<void>): void {
    started.catch((error: unknown) => {
      this.fault = error
    })
  }

  // Both ends close the maps: an app may run for a long time after its client has left, and may end without a last
  // chunk.
  #closeAtEnd(mapped: MappedBody): void {
    const close = (): void => mapped.close()
    this.#end.promise.then(close, close)
    this.#scope['isthmus.exchange']?.onDisconnect(close)
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
    // ASGI, "Close": the server answers 403 to a handshake that the app closes without accepting it.
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

// Checks the head without a copy, because most heads pass unchanged. Returns whether it announces server-sent events:
// the client needs their head before the first event exists.
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
  return { ...event, status: response.status, headers: response.fields }
}

function changedAccept(event: WebSocketAcceptEvent, response: Outgoing): WebSocketAcceptEvent {
  return response.untouched ? event : { ...event, headers: response.fields }
}
