// Which messages have a body, and which of them are streams of events (RFC 9110, 6.4; RFC 9112, 6.3).

import { getHeader } from './headers.ts'
import type { HttpScope } from '../contract/events.ts'

/** Whether the head of a request announces a body that is not empty (RFC 9112, 6.3). */
export function hasBody({ headers }: Pick<HttpScope, 'headers'>): boolean {
  const length = getHeader(headers, 'content-length')
  if (length !== undefined) return Number(length) > 0
  return getHeader(headers, 'transfer-encoding') !== undefined
}

/** Whether a response to `method` with `status` has content: responses to HEAD, 204 and 304 have none (RFC 9110, 6.4.1). */
export function hasContent(method: string, status: number): boolean {
  return method !== 'HEAD' && mayHaveContent(status)
}

/** Whether a response with `status` has content if the method allows it (RFC 9110, 15.3.5 and 15.4.5). */
export function mayHaveContent(status: number): boolean {
  return status !== 204 && status !== 304
}

const EVENT_STREAM = /^text\/event-stream\b/i

/** Whether `contentType` is that of server-sent events, whose head and chunks have to leave at once. */
export function isEventStream(contentType: string): boolean {
  // The server calls this for nearly every response, and a regular expression is slow to start. Hardly any other type
  // has an "e" at this index, so one comparison decides most calls.
  const letter = contentType.charCodeAt('text/'.length)
  return (letter === 0x65 || letter === 0x45) && EVENT_STREAM.test(contentType)
}
