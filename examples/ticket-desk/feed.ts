// Style 2, async-iterable: the sync signature with await. Sold tickets as server-sent events.

import { iterable } from 'isthmus'
import { sinceOf } from 'isthmus/channels'
import type { IterableApp } from 'isthmus'
import type { ChannelEvent, Channels } from 'isthmus/channels'

const HEARTBEAT_MS = 15_000
const EVENT_STREAM = [
  ['Content-Type', 'text/event-stream'],
  ['Cache-Control', 'no-store'],
] as const

/** GET: one `message` per ticket, and a comment every 15 s. `Last-Event-ID` resumes after that ticket. */
export const feed: IterableApp = iterable(async function* (environ, startResponse) {
  const { 'isthmus.channels': channels, 'isthmus.scope': scope, 'isthmus.signal': signal } = environ
  if (environ.REQUEST_METHOD !== 'GET' || !channels || !scope) {
    startResponse('405 Method Not Allowed', [['Allow', 'GET']])
    return
  }

  startResponse('200 OK', EVENT_STREAM)
  yield 'retry: 1000\n\n'
  const tickets = channels.subscribe()
  signal?.addEventListener('abort', () => tickets.close())
  const heartbeat = setInterval(sayHello, HEARTBEAT_MS, channels, tickets.address)
  try {
    await tickets.join('tickets', { since: sinceOf(scope).get('tickets') })
    for await (const event of tickets) yield toText(event)
  } finally {
    clearInterval(heartbeat)
    tickets.close()
  }
})

// A message to the consumer itself: it comes in the same loop as the tickets.
function sayHello(channels: Channels, address: string): void {
  channels.send(address, 'still here')
}

function toText({ group, position, text }: ChannelEvent): string {
  if (group !== 'tickets') return ': still here\n\n'
  const id = position ? `id: tickets=${position.epoch}.${position.offset}\n` : ''
  return `${id}data: ${text}\n\n`
}
