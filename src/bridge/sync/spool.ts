// Receives the whole request body before an inline sync app runs, because such an app cannot wait. A long body goes
// into a temporary file, so that an upload of any size takes the same memory.

import { readSync } from 'node:fs'
import { AppError, ClientDisconnectedError } from '../../errors.ts'
import { ByteBuffer } from '../../sync/byte-buffer.ts'
import { BytesSource } from '../../sync/input.ts'
import { openTemporaryFile } from '../temporary-file.ts'
import type { FileHandle } from 'node:fs/promises'
import type { Receive } from '../../contract/events.ts'
import type { InputSource } from '../../sync/input.ts'

/** A body that has arrived. The caller of {@link spoolBody} closes it. */
export interface SpooledBody {
  readonly source: InputSource
  close(): Promise<void>
}

const READ_BYTES = 64 * 1024

/**
 * Receives the whole body. A body of more than `memoryBytes` goes into a temporary file.
 *
 * @throws {@link ClientDisconnectedError} (`ECONNRESET`) if the client left before the end
 */
export async function spoolBody(receive: Receive, memoryBytes: number): Promise<SpooledBody> {
  // The body is in one block, because a list of parts with one byte each takes far more memory than the bytes.
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
  const file = await openTemporaryFile()
  try {
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

/** Reads a file from its beginning, in blocks. */
class FileSource implements InputSource {
  readonly #file: FileHandle
  #position = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  pull(size: number): Uint8Array {
    // The handle of a closed file has a negative number. The old number may belong to another file.
    const { fd } = this.#file
    if (fd < 0) throw new AppError('wsgi.input was read after the response ended')

    const block = Buffer.allocUnsafe(Math.min(size, READ_BYTES))
    const bytesRead = readSync(fd, block, 0, block.length, this.#position)
    this.#position += bytesRead
    return block.subarray(0, bytesRead)
  }
}
