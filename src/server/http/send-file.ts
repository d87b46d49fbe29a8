// The file of an http.response.pathsend, read off the event loop and sent at the client's pace.

import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Command, HttpExchange } from '../../async/http-exchange.ts'

const BLOCK_BYTES = 64 * 1024

/**
 * Sends the file at `path` through `exchange`. The descriptor is closed in every case.
 *
 * @param carryOut resolves when the client keeps up
 * @throws the error of opening or reading the file (`ENOENT` also for a path that is no regular file); before the first
 *   chunk nothing was sent
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
    // The announced length does not count bytes that are appended from now on.
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
