// wsgi.file_wrapper: a file as a body.

import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/errors.ts'
import { WrappedFile, wrapFile } from '../../src/sync/file-wrapper.ts'
import type { FileLike } from '../../src/contract/environ.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-file-wrapper-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function openText(text: string): number {
  const path = join(folder, 'file')
  writeFileSync(path, text)
  return openSync(path, 'r')
}

const textsOf = (blocks: Iterable<Uint8Array>): string[] =>
  [...blocks].map((block) => Buffer.from(block).toString())

describe('wrapFile', () => {
  it('[3a.57] iterates a file-like object block by block, and reads nothing before', () => {
    const asked: number[] = []
    const blocks = ['abc', 'd', '']
    const file = { read: (size: number) => (asked.push(size), Buffer.from(blocks.shift() ?? '')) }
    const body = wrapFile(file, 3)
    expect(asked).toEqual([])
    expect(textsOf(body)).toEqual(['abc', 'd'])
    expect(asked).toEqual([3, 3, 3])
    expect(body.filelike).toBe(file)
  })

  it('[3a.57] reads a descriptor from its current position, each time into a new block', () => {
    const fd = openText('0123456789')
    readSync(fd, Buffer.alloc(3))
    const body = wrapFile(fd, 4)
    expect(textsOf(body)).toEqual(['3456', '789'])
    expect(body.filelike.fd).toBe(fd)
    body.close()
  })

  it('reads 64 KiB at once by default', () => {
    const body = wrapFile(openText('x'.repeat(65_537)))
    expect(body.blockSize).toBe(65_536)
    expect([...body].map((block) => block.length)).toEqual([65_536, 1])
    body.close()
  })

  it('[3a.57] refuses the descriptor of a FIFO and of a device', () => {
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    for (const [path, kind] of [
      [fifo, 'a FIFO'],
      ['/dev/zero', 'a character device'],
    ] as const) {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      const message = `wsgi.file_wrapper: the descriptor ${fd} is ${kind}, not a regular file`
      expect(() => wrapFile(fd)).toThrow(new AppError(message))
      expect(() => wrapFile({ fd, read: () => Buffer.of() })).toThrow(new AppError(message))
      closeSync(fd)
    }
  })

  it('[3a.57] closes the file exactly once', () => {
    let closed = 0
    const body = wrapFile({ read: () => Buffer.of(), close: () => void (closed += 1) })
    body.close()
    body.close()
    expect(closed).toBe(1)
  })

  it('[3a.57] closes a descriptor exactly once, also after its number was reused', () => {
    const fd = openText('x')
    const body = wrapFile(fd)
    body.close()
    expect(() => fstatSync(fd)).toThrow('EBADF')

    const reused = openText('y')
    body.close()
    expect(fstatSync(reused).isFile()).toBe(true)
    expect(() => [...body]).toThrow('the file is closed')
    closeSync(reused)
  })

  it('accepts a file without close()', () => {
    expect(() => wrapFile({ read: () => Buffer.of() }).close()).not.toThrow()
  })

  it('is recognizable by its class, so that a host can send the file in a faster way', () => {
    expect(wrapFile({ read: () => Buffer.of() })).toBeInstanceOf(WrappedFile)
  })

  it('refuses values that are not files, and names their type', () => {
    const wrap = wrapFile as (filelike: unknown, blockSize?: number) => unknown
    expect(() => wrap('path')).toThrow(
      new AppError(
        'wsgi.file_wrapper takes an object with read(size) or a file descriptor, got a string',
      ),
    )
    expect(() => wrap(null)).toThrow('got null')
    expect(() => wrap(-1)).toThrow('-1 is not a file descriptor')
    expect(() => wrap({ read: () => Buffer.of() }, 0)).toThrow('the block size 0')
    expect(() => wrap({ read: () => Buffer.of() }, 1.5)).toThrow('the block size 1.5')
  })

  it('refuses a read() that does not return bytes, such as that of a stream', () => {
    const stream = { read: () => null } as unknown as FileLike
    expect(() => [...wrapFile(stream)]).toThrow(
      'read() of the file returned null, not bytes; pass a file, not a stream',
    )
    const text = { read: () => 'text' } as unknown as FileLike
    expect(() => [...wrapFile(text)]).toThrow('returned a string')
  })
})
