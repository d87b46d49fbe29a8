// The bound of the messages of channels that are under way between a gateway and one host, in each direction.

import type { LinkBounds } from '../../channels/link/messages.ts'

/** The most messages, and their bytes. */
export const LINK_BOUNDS: LinkBounds = { maxPending: 10_000, maxPendingBytes: 16 * 1024 * 1024 }
