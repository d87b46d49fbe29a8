// The entry `isthmus/channels`: messages from any code to groups of consumers.

export { cluster } from './channels/cluster/cluster.ts'
export { currentChannels } from './bridge/current-channels.ts'
export { clientScript } from './feed/client-script.ts'
export { feed } from './feed/feed.ts'
export { sinceOf, WHOLE_HISTORY } from './feed/positions.ts'
export { memory } from './channels/memory/memory.ts'
export { redis } from './channels/redis/redis.ts'
export { ChannelsClosedError, InvalidChannelError, SlowConsumerError } from './channels/errors.ts'
export type { ClusterChannels, ClusterOptions } from './channels/cluster/cluster.ts'
export type { ChooseGroups, FeedGroups, FeedOptions } from './feed/settings.ts'
export type { Positions } from './feed/positions.ts'
export type { ChannelsOptions, HistoryOptions } from './channels/options.ts'
export type { RedisOptions } from './channels/redis/redis.ts'
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
