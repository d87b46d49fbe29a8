// The options of feed(), and the groups of a page.

import { checkNumber, completeOptions, invalidOption } from '../complete-options.ts'
import { AppError } from '../errors.ts'
import type { Complete } from '../complete-options.ts'
import type { Channels, SlowPolicy } from '../contract/channels.ts'
import type { HttpScope, WebSocketScope } from '../contract/events.ts'

/**
 * The scope of a page that follows groups.
 *
 * @inline
 */
type PageScope = WebSocketScope | HttpScope

/** The groups for a page: a name or a list. Null denies the page with 403. */
export type FeedGroups = string | readonly string[] | null

/**
 * Chooses the groups for a page. This is the place for permissions: it sees cookies, path and user of the request.
 *
 * @inline
 */
export type ChooseGroups = (scope: PageScope) => FeedGroups | Promise<FeedGroups>

/** The options of {@link feed}. */
export interface FeedOptions {
  /**
   * Whether a page that comes for the first time gets the messages that the groups have kept. Default false: it gets those
   * from now on.
   */
  history?: boolean | undefined
  /** The most messages that wait for one page, with at most 1 MiB. Those that it has missed come on top. Default 256. */
  maxQueue?: number | undefined
  /**
   * What happens to a page that takes its messages too slowly. Default `close`: its connection ends, it comes back, and gets
   * the rest from the history. The other policies tell the page a gap.
   */
  onSlow?: SlowPolicy | undefined
  /** The time in ms between two signs of life. Pages and proxies know by them that the connection stands. Default 15,000. */
  heartbeatMs?: number | undefined
  /** The time in ms after which an `EventSource` comes back, at random from half of this time to one and a half. Default 2,000. */
  retryMs?: number | undefined
}

/** The options with all values. */
export type FeedSettings = Complete<FeedOptions>

const DEFAULTS: FeedSettings = {
  history: false,
  maxQueue: 256,
  onSlow: 'close',
  heartbeatMs: 15_000,
  retryMs: 2000,
}
const POLICIES: readonly string[] = ['dropOldest', 'dropNewest', 'close']

/** The answer to a page that gets no groups. */
export const NOT_FOR_YOU = 'These messages are not for you.\n'

/** @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) */
export function checkedSettings(options: FeedOptions): FeedSettings {
  const settings = completeOptions('feed', options, DEFAULTS)
  const { maxQueue, onSlow, heartbeatMs, retryMs } = settings
  checkNumber('feed', 'maxQueue', maxQueue, { min: 1, max: Infinity, isWhole: true })
  checkNumber('feed', 'heartbeatMs', heartbeatMs, { min: 1, isWhole: true, isTime: true })
  checkNumber('feed', 'retryMs', retryMs, { min: 1, isWhole: true, isTime: true })
  if (POLICIES.includes(onSlow)) return settings
  throw invalidOption('feed', 'onSlow', onSlow, `it is ${POLICIES.join(', ')}`)
}

/** The groups of a page as a list; null if it is denied. */
export async function groupsFor(
  choose: ChooseGroups,
  scope: PageScope,
): Promise<readonly string[] | null> {
  const groups = await choose(scope)
  return typeof groups === 'string' ? [groups] : groups
}

/** @throws {@link AppError} (`ISTHMUS_APP_FAULT`) under a host that has no channels */
export function channelsOf(scope: PageScope): Channels {
  const channels = scope['isthmus.channels']
  if (channels) return channels
  throw new AppError("feed() needs scope['isthmus.channels']: serve the app with isthmus")
}
