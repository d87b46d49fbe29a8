// The whole request body of an inline sync app, which cannot wait for it: in memory, and past a bound in a
// temporary file, so that an upload of any size takes the same memory.

import { randomUUID } from 'node:crypto'
import { readSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClientDisconnected } from '../errors.ts'
import { BytesSource } from '../sync/input.ts'
import type { FileHandle } from 'node:fs/promises'
import type { Receive } from '../contract/events.ts'
import type { InputSource } from '../sync/input.ts'

/** A body that has arrived; whoever spooled it closes it. */
export interface SpooledBody {
  readonly source: InputSource
  close(): Promise<void>
}

const READ_BYTES = 64 * 1024

/**
 * Receives the whole body; at most `memoryBytes` of it stay in memory.
 *
 * @throws {@link ClientDisconnected} (`ECONNRESET`) when the client left before the end
 */
export async function spoolBody(receive: Receive, memoryBytes: number): Promise<SpooledBody> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (let moreBody = true; moreBody;) {
    const event = await nextOf(receive)
    chunks.push(event.body)
    bytes += event.body.byteLength
    moreBody = event.moreBody
    if (bytes > memoryBytes && moreBody) return spoolToFile(chunks, receive)
  }
  return { source: new BytesSource(chunks), close: nothing }
}

async function spoolToFile(chunks: Uint8Array[], receive: Receive): Promise<SpooledBody> {
  const file = await openTemporaryFile()
  try {
    await file.writev(chunks.splice(0))
    for (let moreBody = true; moreBody;) {
      const event = await nextOf(receive)
      await file.writeFile(event.body)
      moreBody = event.moreBody
    }
    return { source: new FileSource(file.fd), close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function nextOf(receive: Receive): Promise<{ body: Uint8Array; moreBody: boolean }> {
  const event = await receive()
  if (event.type === 'http.request') return event
  throw new ClientDisconnected('the client disconnected before the end of the request body')
}

// Without a name from the start, so that not even a crash leaves it behind.
async function openTemporaryFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `isthmus-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}

async function nothing(): Promise<void> {}

/** Reads a descriptor from its beginning, block by block. */
class FileSource implements InputSource {
  readonly #fd: number
  #position = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  pull(size: number): Uint8Array {
    const block = Buffer.allocUnsafe(Math.min(size, READ_BYTES))
    const bytesRead = readSync(this.#fd, block, 0, block.length, this.#position)
    this.#position += bytesRead
    return block.subarray(0, bytesRead)
  }
}
