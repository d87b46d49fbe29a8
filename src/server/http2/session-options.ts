// The options of a session: the limits that node:http2 itself keeps.

import type { ServerSessionOptions } from 'node:http2'
import type { HeadLimits } from './head.ts'

// RFC 9113, 6.5.2: no less than 100, so that clients need no second connection.
const MAX_STREAMS = 100
const PSEUDO_FIELDS = 5
// RFC 9113, 6.5.2: the size of a field list counts 32 bytes for each field besides its name and value.
const FIELD_OVERHEAD = 32
const MAX_INVALID_FRAMES = 100

/**
 * The options for a server with these limits. A head that is somewhat above them gets the same answer as in HTTP/1.1;
 * node:http2 resets the stream of one that is far above, so that it needs no memory.
 */
export function sessionOptions({
  maxHeadBytes,
  maxHeaderFields,
}: HeadLimits): ServerSessionOptions {
  const pairs = maxHeaderFields * 2 + PSEUDO_FIELDS
  return {
    maxHeaderListPairs: pairs,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    settings: {
      enablePush: false,
      enableConnectProtocol: true,
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: maxHeadBytes * 2 + pairs * FIELD_OVERHEAD,
    },
  }
}
