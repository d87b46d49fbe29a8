// The file of a http.response.pathsend, read off the event loop and sent at the client's pace.

import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Command, HttpExchange } from '../async/http-exchange.ts'

const BLOCK_BYTES = 64 * 1024

/**
 * Sends the file at `path` through `exchange`; `carryOut` resolves when the client kept up.
 * The descriptor is closed here, however it ends.
 *
 * @throws what opening or reading the file threw; nothing was sent if the head was not
 * @see ASGI extensions, "Path Send"
 */
export async function sendFile(
  path: string,
  exchange: HttpExchange,
  carryOut: (command: Command) => Promise<void>,
): Promise<void> {
  const file = await open(path, 'r')
  try {
    const stats = await file.stat()
    if (!stats.isFile()) {
      throw Object.assign(new Error(`"${path}" is not a regular file`), { code: 'ENOENT' })
    }
    exchange.fileOpened(stats.size)
    // What is appended from now on is not part of the length that was announced.
    for (let left = stats.size; ;) {
      const block = await readBlock(file, left)
      await carryOut(exchange.fileChunk(block))
      if (block === null || exchange.ended) return
      left -= block.length
    }
  } finally {
    await file.close()
  }
}

async function readBlock(file: FileHandle, left: number): Promise<Uint8Array | null> {
  const size = Math.min(left, BLOCK_BYTES)
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size), 0, size)
  return bytesRead === 0 ? null : buffer.subarray(0, bytesRead)
}
