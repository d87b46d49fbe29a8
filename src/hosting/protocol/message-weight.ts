// The weight of an event of a WebSocket in the windows of flow control.

import type { ReceiveEvent, SendEvent } from '../../contract/events.ts'

// A message of one byte costs more than its byte.
const EVENT_BYTES = 64

/** Returns the length of the message in `event` (for text: UTF-16 code units) plus 64. */
export function weightOf({ text, bytes }: Pick<ReceiveEvent | SendEvent, never> & Payload): number {
  return EVENT_BYTES + (text?.length ?? bytes?.length ?? 0)
}

interface Payload {
  text?: string | null | undefined
  bytes?: Uint8Array | null | undefined
}
