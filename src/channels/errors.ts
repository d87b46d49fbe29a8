// The errors of channels.

import { AppError, IsthmusError } from '../errors.ts'
import { identifyErrors } from '../shared-class.ts'

/** The name of a group, a position or a message is impossible. */
export class InvalidChannelError extends AppError {
  override readonly code = 'ISTHMUS_INVALID_CHANNEL'
}

/** A consumer was too slow: its queue was full, and its policy is `close`. */
export class SlowConsumerError extends IsthmusError {
  readonly code = 'ISTHMUS_SLOW_CONSUMER'

  constructor() {
    super(
      'the queue of the subscription is full; receive faster, raise maxQueue, or choose another onSlow',
    )
  }
}

/** The channels, or the subscription, are closed. */
export class ChannelsClosedError extends IsthmusError {
  readonly code = 'ISTHMUS_CHANNELS_CLOSED'

  constructor(message = 'the channels are closed') {
    super(message)
  }
}

identifyErrors({ InvalidChannelError, SlowConsumerError, ChannelsClosedError })
