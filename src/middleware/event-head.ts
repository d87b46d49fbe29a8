// Which events of an app are the head of its response, and what becomes of them behind the middleware.

import { Outgoing } from './response.ts'
import type { Chunk } from '../contract/environ.ts'
import type {
  HttpResponseStartEvent,
  HttpScope,
  SendEvent,
  WebSocketAcceptEvent,
  WebSocketDenialStartEvent,
  WebSocketScope,
} from '../contract/events.ts'

/** The event that announces a head; the response is there with the event behind it. */
export type StartEvent = HttpResponseStartEvent | WebSocketDenialStartEvent

const EVENT_STREAM = /^text\/event-stream\b/i

/** Whether `event` announces the head of a response on `scope`. */
export function isStart(event: SendEvent, scope: HttpScope | WebSocketScope): event is StartEvent {
  const isHttp = scope.type === 'http'
  return event?.type === (isHttp ? 'http.response.start' : 'websocket.http.response.start')
}

/**
 * The response that was announced.
 *
 * @throws {@link InvalidHeader} (`ISTHMUS_INVALID_HEADER`)
 */
export function announced({ status, headers = [] }: StartEvent): Outgoing {
  return new Outgoing({ status, headers, body: null })
}

/** Whether the head is wanted at once, before there is a body: server-sent events. */
export function isUrgent(response: Outgoing): boolean {
  return EVENT_STREAM.test(response.headers.get('content-type') ?? '')
}

/** Whether `event` is the first of the body that belongs to an announced head; the response knows its body then. */
export function completes(event: SendEvent, response: Outgoing): boolean {
  switch (event?.type) {
    case 'http.response.body':
    case 'websocket.http.response.body':
      if (event.moreBody !== true) response.body = wholeBody(event.body)
      return true
    default:
      return event?.type === 'http.response.pathsend'
  }
}

/** The answer to a handshake that is one event; undefined for an event that is none. */
export function handshakeAnswer(event: SendEvent): Outgoing | undefined {
  switch (event?.type) {
    case 'websocket.accept':
      return new Outgoing({ status: 101, headers: event.headers ?? [], body: null })
    case 'websocket.close':
      // ASGI, "Close": a handshake that is closed instead of accepted is answered 403.
      return new Outgoing({ status: 403, headers: [], body: [] })
    default:
      return undefined
  }
}

/** The app's head with what middleware made of it. */
export function headEvent<Head extends StartEvent | WebSocketAcceptEvent>(
  event: Head,
  response: Outgoing,
): Head {
  if (response.untouched) return event
  const headers = response.headers.pairs
  if (event.type === 'websocket.accept') return { ...event, headers }
  return { ...event, status: response.status, headers }
}

/** The head of an answer that is none of the app's. */
export function answerStart(response: Outgoing, scope: HttpScope | WebSocketScope): StartEvent {
  const { status, headers } = response
  const type = scope.type === 'http' ? 'http.response.start' : 'websocket.http.response.start'
  return { type, status, headers: headers.pairs }
}

function wholeBody(body: Chunk = ''): readonly Chunk[] {
  return body.length === 0 ? [] : [body]
}
