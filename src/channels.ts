// The entry `isthmus/channels`: messages from any code to groups of consumers.

export { memory } from './channels/memory/memory.ts'
export { ChannelsClosedError, InvalidChannelError, SlowConsumerError } from './channels/errors.ts'
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
