// Direct messages: the number of the consumer travels in front of the message.

import type { Payload } from './broker.ts'

const NUMBER_BYTES = 8

/** The payload with the number of its consumer: `7:` before text, eight bytes before bytes. */
export function directPayload(number: number, payload: Payload): Payload {
  if (typeof payload === 'string') return `${number}:${payload}`
  const bytes = Buffer.alloc(NUMBER_BYTES + payload.length)
  bytes.writeBigUInt64BE(BigInt(number))
  bytes.set(payload, NUMBER_BYTES)
  return bytes
}

/** Takes the parts of {@link directPayload} apart. */
export function readDirect(payload: Payload): { number: number; payload: Payload } {
  if (typeof payload === 'string') {
    const end = payload.indexOf(':')
    return { number: Number(payload.slice(0, end)), payload: payload.slice(end + 1) }
  }
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
  return { number: Number(bytes.readBigUInt64BE()), payload: payload.subarray(NUMBER_BYTES) }
}
