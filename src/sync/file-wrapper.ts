// environ['wsgi.file_wrapper'] (PEP 3333, "Optional Platform-Specific File Handling").

import { Buffer } from 'node:buffer'
import { closeSync, fstatSync, readSync } from 'node:fs'
import { isUint8Array } from 'node:util/types'
import { AppError } from '../errors.ts'
import { irregularKind } from '../http/file-kind.ts'
import { sharedClass } from '../shared-class.ts'
import { describe } from './chunk.ts'
import type { FileLike, FileWrapper } from '../contract/environ.ts'

const DEFAULT_BLOCK_BYTES = 65_536

/**
 * Makes a body from a file. The iteration reads the file, from its current position on. The host that iterates the body
 * closes it, and with it the file.
 *
 * @param filelike an object with `read(size)` and perhaps `close()`, or the number of an open descriptor
 * @param blockSize bytes per chunk, default 65,536
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for another value, the descriptor of a FIFO, a socket or a device, or
 *   a block size that is not a positive integer; the system's error (`EBADF`) for a descriptor that is not open
 *
 * @example
 * startResponse('200 OK', [['Content-Type', 'video/mp4']])
 * return environ['wsgi.file_wrapper'](openSync('clip.mp4', 'r'))
 */
export function wrapFile(filelike: FileLike | number, blockSize?: number): FileWrapper {
  return new WrappedFile(filelike, blockSize)
}

/** The body that {@link wrapFile} returns. A host that recognizes it may send the file in a faster way. */
export class WrappedFile implements FileWrapper {
  readonly filelike: FileLike
  readonly blockSize: number
  #closed = false

  constructor(filelike: FileLike | number, blockSize: number = DEFAULT_BLOCK_BYTES) {
    if (!Number.isSafeInteger(blockSize) || blockSize < 1) {
      throw new AppError(`wsgi.file_wrapper: the block size ${blockSize} is not a positive integer`)
    }
    this.filelike = typeof filelike === 'number' ? new DescriptorFile(filelike) : checked(filelike)
    if (this.filelike.fd !== undefined) requireRegular(this.filelike.fd)
    this.blockSize = blockSize
  }

  *[Symbol.iterator](): Generator<Uint8Array, undefined> {
    for (;;) {
      const block = this.#read()
      if (block.length === 0) return undefined
      yield block
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.filelike.close?.()
  }

  #read(): Uint8Array {
    // The operating system may have given the number of a closed descriptor to another file.
    if (this.#closed) throw new AppError('wsgi.file_wrapper: the file is closed, it cannot be read')

    const block: unknown = this.filelike.read(this.blockSize)
    if (isUint8Array(block)) return block
    throw new AppError(
      `wsgi.file_wrapper: read() of the file returned ${describe(block)}, not bytes; pass a file, not a stream`,
    )
  }
}

sharedClass('file.1', WrappedFile)

class DescriptorFile implements FileLike {
  readonly fd: number

  constructor(fd: number) {
    if (!Number.isSafeInteger(fd) || fd < 0) {
      throw new AppError(`wsgi.file_wrapper: ${fd} is not a file descriptor`)
    }
    this.fd = fd
  }

  // Each read needs a new block, because the transport may still hold the previous one.
  read(size: number): Uint8Array {
    const block = Buffer.allocUnsafe(size)
    return block.subarray(0, readSync(this.fd, block, 0, size, null))
  }

  close(): void {
    closeSync(this.fd)
  }
}

// A read of a FIFO or a socket waits for its writer, and a thread that waits in the system cannot be ended.
function requireRegular(fd: number): void {
  const stats = fstatSync(fd)
  const kind = irregularKind(stats)
  // The read of a directory fails at once, with EISDIR.
  if (kind === null || stats.isDirectory()) return
  throw new AppError(`wsgi.file_wrapper: the descriptor ${fd} is ${kind}, not a regular file`)
}

function checked(filelike: FileLike): FileLike {
  if (typeof filelike?.read === 'function') return filelike
  throw new AppError(
    `wsgi.file_wrapper takes an object with read(size) or a file descriptor, got ${describe(filelike)}`,
  )
}
