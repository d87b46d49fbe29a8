// Memory for copies of an app's bytes. Most sockets pass bytes on at once, and the next copy takes the same memory.

import { Buffer } from 'node:buffer'

const SLAB_BYTES = 64 * 1024

let slab = Buffer.alloc(0)
let used = 0

/**
 * Returns `size` bytes of any content. A later call returns the same memory, unless {@link keepSpare} was called: no other
 * code may run before the socket has the bytes.
 */
export function spareBytes(size: number): Buffer {
  if (slab.length - used < size) {
    slab = Buffer.allocUnsafeSlow(Math.max(size, SLAB_BYTES))
    used = 0
  }
  return slab.subarray(used, used + size)
}

/** The socket still needs the `size` bytes of the last call of {@link spareBytes}. */
export function keepSpare(size: number): void {
  used += size
}
