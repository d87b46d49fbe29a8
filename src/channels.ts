// The entry `isthmus/channels`: messages from any code to groups of consumers.

export { clientScript } from './feed/client-script.ts'
export { feed } from './feed/feed.ts'
export { sinceOf, WHOLE_HISTORY } from './feed/positions.ts'
export { memory } from './channels/memory/memory.ts'
export { ChannelsClosedError, InvalidChannelError, SlowConsumerError } from './channels/errors.ts'
export type { ChooseGroups, FeedGroups, FeedOptions } from './feed/settings.ts'
export type { Positions } from './feed/positions.ts'
export type { ChannelsOptions, HistoryOptions } from './channels/options.ts'
export type {
  ChannelEvent,
  ChannelGap,
  ChannelMessage,
  Channels,
  ChannelsStats,
  GapReason,
  Joined,
  JoinOptions,
  Position,
  SlowPolicy,
  Subscription,
  SubscriptionOptions,
} from './contract/channels.ts'
