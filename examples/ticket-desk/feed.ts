// Style 2, async-iterable: the sync signature with await. Sold tickets as server-sent events.

import { iterable } from 'isthmus'
import { followTickets, parseSeen } from './follow.ts'
import type { IterableApp } from 'isthmus'

const EVENT_STREAM = [
  ['Content-Type', 'text/event-stream'],
  ['Cache-Control', 'no-store'],
] as const

/** GET: one `message` per ticket, and a comment every 15 s. `Last-Event-ID` resumes after that number. */
export const feed: IterableApp = iterable(async function* (environ, startResponse) {
  if (environ.REQUEST_METHOD !== 'GET') {
    startResponse('405 Method Not Allowed', [['Allow', 'GET']])
    return
  }

  const seen = parseSeen(environ.HTTP_LAST_EVENT_ID)
  const signal = environ['isthmus.signal'] ?? new AbortController().signal
  startResponse('200 OK', EVENT_STREAM)
  yield 'retry: 1000\n\n'

  for await (const tickets of followTickets(seen, signal)) {
    if (tickets.length === 0) yield ': still here\n\n'
    for (const ticket of tickets) {
      yield `id: ${ticket.number}\ndata: ${JSON.stringify(ticket)}\n\n`
    }
  }
})
