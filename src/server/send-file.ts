// The file of a http.response.pathsend, read off the event loop and sent at the client's pace.

import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Command, HttpExchange } from '../async/exchange.ts'

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
    for (;;) {
      const block = await readBlock(file)
      await carryOut(exchange.fileChunk(block))
      if (block === null || exchange.ended) return
    }
  } finally {
    await file.close()
  }
}

async function readBlock(file: FileHandle): Promise<Uint8Array | null> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(BLOCK_BYTES), 0, BLOCK_BYTES)
  return bytesRead === 0 ? null : buffer.subarray(0, bytesRead)
}
