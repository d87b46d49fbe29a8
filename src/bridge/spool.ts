// The whole request body of an inline sync app, which cannot wait for it: in memory, and past a bound in a
// temporary file, so that an upload of any size takes the same memory.

import { randomUUID } from 'node:crypto'
import { readSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError, ClientDisconnectedError } from '../errors.ts'
import { ByteBuffer } from '../sync/byte-buffer.ts'
import { BytesSource } from '../sync/input.ts'
import type { FileHandle } from 'node:fs/promises'
import type { Receive } from '../contract/events.ts'
import type { InputSource } from '../sync/input.ts'

/** A body that has arrived; whoever spooled it closes it. */
interface SpooledBody {
  readonly source: InputSource
  close(): Promise<void>
}

const READ_BYTES = 64 * 1024

/**
 * Receives the whole body; at most `memoryBytes` of it stay in memory.
 *
 * @throws {@link ClientDisconnectedError} (`ECONNRESET`) when the client left before the end
 */
export async function spoolBody(receive: Receive, memoryBytes: number): Promise<SpooledBody> {
  // One block: a list of parts takes far more memory than it has bytes when a client sends them one by one.
  const buffer = new ByteBuffer()
  for (let moreBody = true; moreBody;) {
    const event = await nextOf(receive)
    buffer.append(event.body)
    moreBody = event.moreBody
    if (buffer.length > memoryBytes && moreBody) return spoolToFile(buffer.takeAll(), receive)
  }
  return { source: new BytesSource([buffer.takeAll()]), close: nothing }
}

async function spoolToFile(beginning: Uint8Array, receive: Receive): Promise<SpooledBody> {
  const path = join(tmpdir(), `isthmus-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  try {
    // Without a name from the start, so that not even a crash leaves it behind.
    await unlink(path)
    await file.writeFile(beginning)
    for (let moreBody = true; moreBody;) {
      const event = await nextOf(receive)
      await file.writeFile(event.body)
      moreBody = event.moreBody
    }
    return { source: new FileSource(file), close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function nextOf(receive: Receive): Promise<{ body: Uint8Array; moreBody: boolean }> {
  const event = await receive()
  if (event.type === 'http.request') return event
  throw new ClientDisconnectedError('the client disconnected before the end of the request body')
}

async function nothing(): Promise<void> {}

/** Reads a file from its beginning, block by block. */
class FileSource implements InputSource {
  readonly #file: FileHandle
  #position = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  pull(size: number): Uint8Array {
    // The number of a closed descriptor may belong to another file by now; the handle forgets it.
    const { fd } = this.#file
    if (fd < 0) throw new AppError('wsgi.input was read after the response ended')

    const block = Buffer.allocUnsafe(Math.min(size, READ_BYTES))
    const bytesRead = readSync(fd, block, 0, block.length, this.#position)
    this.#position += bytesRead
    return block.subarray(0, bytesRead)
  }
}
