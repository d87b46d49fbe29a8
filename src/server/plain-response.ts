// The server's own answers: refusals and failures, in plain text.

import { STATUS_CODES } from 'node:http'
import type {
  HeaderPairs,
  HttpResponseBodyEvent,
  HttpResponseStartEvent,
} from '../contract/events.ts'

/** A whole response in two events: `status`, its reason phrase or `text` as the body. */
export function plainResponse(
  status: number,
  text: string = STATUS_CODES[status] ?? 'Error',
): [HttpResponseStartEvent, HttpResponseBodyEvent] {
  const headers: HeaderPairs = [['content-type', 'text/plain; charset=utf-8']]
  if (status === 503) headers.push(['retry-after', '1'])
  return [
    { type: 'http.response.start', status, headers },
    { type: 'http.response.body', body: `${text}\n` },
  ]
}
