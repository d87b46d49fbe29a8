// Direct messages: the number of the consumer travels in front of the message.

import type { Payload } from './broker.ts'

const NUMBER_BYTES = 8

/** The payload with the number of its consumer: `7:` before text, eight bytes before bytes. */
export function directPayload(number: number, payload: Payload): Payload {
  if (typeof payload === 'string') return `${number}:${payload}`
  const bytes = new Uint8Array(NUMBER_BYTES + payload.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number))
  bytes.set(payload, NUMBER_BYTES)
  return bytes
}

/** Takes the parts of {@link directPayload} apart. */
export function readDirect(payload: Payload): { number: number; payload: Payload } {
  if (typeof payload === 'string') {
    const end = payload.indexOf(':')
    return { number: Number(payload.slice(0, end)), payload: payload.slice(end + 1) }
  }
  if (payload.length < NUMBER_BYTES) return { number: Number.NaN, payload }
  // A view of its own class: bytes arrive as a `Uint8Array`, not as a `Buffer`.
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  const rest = new Uint8Array(payload.buffer, payload.byteOffset, payload.length).subarray(
    NUMBER_BYTES,
  )
  return { number: Number(view.getBigUint64(0)), payload: rest }
}
