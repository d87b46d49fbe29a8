// The file of an http.response.pathsend, read off the event loop and sent at the client's pace.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { irregularKind } from '../../http/file-kind.ts'
import type { FileHandle } from 'node:fs/promises'
import type { Command, HttpExchange } from '../../async/http-exchange.ts'

const BLOCK_BYTES = 64 * 1024

// An open() of a FIFO without O_NONBLOCK holds a thread of libuv until a writer comes. Windows has no such flag.
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Sends the file at `path` through `exchange`. The descriptor is closed in every case.
 *
 * The response has the `Content-Length` that the file has when it is opened. It has none if the first block shows another
 * size, as for the files in /proc (size 0) and /sys (a page): then it ends where the file ends.
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
  const file = await open(path, READ)
  try {
    const size = await regularSize(file, path)
    const firstBytes = Math.min(size || BLOCK_BYTES, BLOCK_BYTES)
    let block = await readBlock(file, firstBytes)
    const isExact = (block?.length ?? 0) === Math.min(size, BLOCK_BYTES)
    if (isExact) exchange.fileOpened(size)
    // The announced length does not count bytes that are appended from now on.
    for (let left = isExact ? size : Infinity; ;) {
      await carryOut(exchange.fileChunk(block))
      if (block === null || exchange.ended) return
      left -= block.length
      block = await readBlock(file, left)
    }
  } finally {
    await file.close()
  }
}

async function regularSize(file: FileHandle, path: string): Promise<number> {
  const stats = await file.stat()
  const kind = irregularKind(stats)
  if (kind === null) return stats.size
  throw Object.assign(new Error(`"${path}" is ${kind}, not a regular file`), { code: 'ENOENT' })
}

async function readBlock(file: FileHandle, left: number): Promise<Uint8Array | null> {
  const size = Math.min(left, BLOCK_BYTES)
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size), 0, size)
  return bytesRead === 0 ? null : buffer.subarray(0, bytesRead)
}
