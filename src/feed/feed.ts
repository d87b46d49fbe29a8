// feed(): an app that passes the messages of groups on to pages, over WebSockets and as server-sent events.

import { refuseScope } from '../bridge/refuse-scope.ts'
import { checkedSettings } from './settings.ts'
import { serveSocket } from './serve-socket.ts'
import { serveStream } from './serve-stream.ts'
import type { EventApp } from '../contract/events.ts'
import type { ChooseGroups, FeedOptions } from './settings.ts'

/**
 * Makes an app that passes the messages of groups on to pages. At one path it serves WebSockets and, for a GET that accepts
 * `text/event-stream`, server-sent events. A page that comes back with its positions (see {@link sinceOf}) gets the messages
 * that it has missed, from the history of the channels. Messages that a page sends are dropped.
 *
 * A page gets the JSON text of each event (see {@link ChannelMessage.text}), and `{"group":"board","joined":true,"recovered":3,…}`
 * after the messages that it had missed. `isthmus/channels/client` is the client for it.
 *
 * @param groups the name of a group, a list of names, or a function that chooses them for each page; null answers 403
 * @param options default: 15 s between two heartbeats, and a page that is too slow is cut
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an impossible value
 * @see HTML, 9.2 (server-sent events)
 *
 * @example
 * const app = mount({
 *   '/live': feed('board'),
 *   '/mine': feed((scope) => scope['isthmus.auth']?.user ?? null),
 *   '/': shop,
 * })
 */
export function feed(
  groups: string | readonly string[] | ChooseGroups,
  options: FeedOptions = {},
): EventApp {
  const settings = checkedSettings(options)
  const choose = typeof groups === 'function' ? groups : () => groups
  const sockets = serveSocket(choose, settings)
  const streams = serveStream(choose, settings)
  return async function liveFeed(scope, receive, send) {
    if (scope.type === 'lifespan') return refuseScope(scope, receive, send)
    return (scope.type === 'websocket' ? sockets : streams)(scope, receive, send)
  }
}
