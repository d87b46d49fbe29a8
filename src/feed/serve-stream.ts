// The side of feed() for server-sent events: one response for each page.

import { ClientDisconnectedError } from '../errors.ts'
import { ChannelsClosedError, SlowConsumerError } from '../channels/errors.ts'
import { EVENT_STREAM, EventStream } from './event-stream.ts'
import { sinceOf } from './positions.ts'
import { channelsOf, groupsFor, NOT_FOR_YOU } from './settings.ts'
import type { Position, Subscription } from '../contract/channels.ts'
import type { EventApp, HeaderPairs, HttpScope, Receive, Send } from '../contract/events.ts'
import type { ChooseGroups, FeedSettings } from './settings.ts'

const NOT_HERE =
  'Live messages are here: for a WebSocket, and for an EventSource (Accept: text/event-stream).\n'

/** Makes the app for requests. */
export function serveStream(choose: ChooseGroups, settings: FeedSettings): EventApp {
  return async function eventStream(scope, receive, send) {
    if (scope.type !== 'http') return
    const { method } = scope
    if (method !== 'GET' && method !== 'HEAD') {
      return refuse(send, 405, NOT_HERE, ['allow', 'GET, HEAD'])
    }
    if (!acceptsStream(scope)) return refuse(send, 406, NOT_HERE)
    const groups = await groupsFor(choose, scope)
    if (groups === null) return refuse(send, 403, NOT_FOR_YOU)
    if (method === 'HEAD') {
      await send({ type: 'http.response.start', status: 200, headers: EVENT_STREAM })
      return send({ type: 'http.response.body' })
    }

    const { maxQueue, onSlow } = settings
    const subscription = channelsOf(scope).subscribe({ maxQueue, onSlow })
    closeAtDisconnect(receive, subscription)
    const stream = new EventStream(send, ownPositions(scope, groups), settings)
    await followAll(stream, subscription, groups).catch(throwUnlessGone)
  }
}

// Each event repeats the positions: a client must not make them long by groups that the page does not follow.
function ownPositions(scope: HttpScope, groups: readonly string[]): Array<[string, Position]> {
  const own = new Set(groups)
  return [...sinceOf(scope)].filter(([group]) => own.has(group))
}

/** Ends the stream and the subscription at the end of the page. */
async function followAll(
  stream: EventStream,
  subscription: Subscription,
  groups: readonly string[],
): Promise<void> {
  try {
    await stream.begin()
    await stream.follow(subscription, groups).catch(throwUnlessEnded)
    await stream.end()
  } finally {
    stream.stop()
    subscription.close()
  }
}

// Too slow, or told to end while it joins: the page comes back, with the id of its last event.
function throwUnlessEnded(error: unknown): void {
  if (!(error instanceof SlowConsumerError || error instanceof ChannelsClosedError)) throw error
}

// A client that has left is a normal end.
function throwUnlessGone(error: unknown): void {
  if (!(error instanceof ClientDisconnectedError)) throw error
}

/** Ends the subscription when the client leaves, and when the server shuts down. */
function closeAtDisconnect(receive: Receive, subscription: Subscription): void {
  const ended = (async () => {
    for await (const event of receive) if (event.type === 'http.disconnect') return
  })()
  ended.catch(() => undefined).finally(() => subscription.close())
}

function acceptsStream({ headers }: HttpScope): boolean {
  return headers.some(
    ([name, value]) => name === 'accept' && value.toLowerCase().includes('text/event-stream'),
  )
}

async function refuse(
  send: Send,
  status: number,
  body: string,
  ...fields: HeaderPairs
): Promise<void> {
  const headers: HeaderPairs = [['content-type', 'text/plain; charset=utf-8'], ...fields]
  await send({ type: 'http.response.start', status, headers })
  await send({ type: 'http.response.body', body })
}
