// Bytes that cross. A structured clone copies the whole memory of a view, even if the view is small.

import type { Chunk } from '../../contract/environ.ts'

/** Returns `chunk` if it is most of its memory and no other thread shares the memory; else a copy of its bytes. */
export function ownBytes<Bytes extends Chunk>(chunk: Bytes): Bytes | Uint8Array {
  if (typeof chunk === 'string') return chunk
  const { buffer, byteLength } = chunk
  const isOwn = buffer instanceof ArrayBuffer && byteLength * 2 > buffer.byteLength
  return isOwn ? chunk : new Uint8Array(chunk)
}
