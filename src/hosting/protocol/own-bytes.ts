// Bytes that are to cross. A structured clone copies the whole memory that a view lies in, however small the view.

import type { Chunk } from '../../contract/environ.ts'

/** `chunk`, if it has its memory nearly to itself and nobody shares it; else a copy of just its bytes. */
export function ownBytes<Bytes extends Chunk>(chunk: Bytes): Bytes | Uint8Array {
  if (typeof chunk === 'string') return chunk
  const { buffer, byteLength } = chunk
  const isOwn = buffer instanceof ArrayBuffer && byteLength * 2 > buffer.byteLength
  return isOwn ? chunk : new Uint8Array(chunk)
}
