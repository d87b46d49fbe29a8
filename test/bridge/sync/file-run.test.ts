import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { syncToEvents } from '../../../src/bridge/sync/sync-to-events.ts'
import {
  AppError,
  ClientDisconnectedError,
  ContentLengthMismatchError,
} from '../../../src/errors.ts'
import { failureOf, Host, httpScope } from '../host.ts'
import type { FileLike, FileWrapper, SyncApp } from '../../../src/contract/environ.ts'
import type { HeaderPairs, HttpScope } from '../../../src/contract/events.ts'

let folder = ''
let path = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-run-'))
  path = join(folder, 'file')
  writeFileSync(path, 'abcdefghij')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** An app that returns a wrapped file; `onOpen` gets the descriptor. */
const serving =
  (headers: HeaderPairs, onOpen: (fd: number) => void = () => undefined): SyncApp =>
  (environ, startResponse) => {
    startResponse('200 OK', headers)
    const fd = openSync(path, 'r')
    onOpen(fd)
    return environ['wsgi.file_wrapper']?.(fd, 4) as FileWrapper
  }

async function bodyOf(app: SyncApp, scope: Partial<HttpScope> = {}): Promise<string[]> {
  const host = new Host()
  await host.run(syncToEvents(app), httpScope(scope))
  return host.sent.flatMap((event) =>
    event.type === 'http.response.body' ? [Buffer.from(event.body ?? '').toString()] : [],
  )
}

describe('a wrapped file as the body of a sync app', () => {
  it('[3a.57] is sent in blocks, from its current position to its end', async () => {
    const app = serving([], (fd) => readSync(fd, Buffer.alloc(1), 0, 1, null))
    expect(await bodyOf(app)).toEqual(['bcde', 'fghi', 'j', ''])
  })

  it('[3a.57] is sent up to its Content-Length and no further', async () => {
    expect(await bodyOf(serving([['content-length', '6']]))).toEqual(['abcd', 'ef', ''])
    expect(await bodyOf(serving([['content-length', '4']]))).toEqual(['abcd', ''])
    expect(await bodyOf(serving([['content-length', '0']]))).toEqual([''])
  })

  it('[3a.45] fails when it is shorter than its Content-Length', async () => {
    const failure = await failureOf(bodyOf(serving([['content-length', '11']])))
    expect(failure).toBeInstanceOf(ContentLengthMismatchError)
  })

  it('[3a.47] is not sent to HEAD', async () => {
    expect(await bodyOf(serving([]), { method: 'HEAD' })).toEqual([''])
  })

  it('[3a.41] fails without startResponse, also when it is empty', async () => {
    const empty = join(folder, 'empty')
    writeFileSync(empty, '')
    for (const name of [path, empty]) {
      const app: SyncApp = (environ, _startResponse) =>
        environ['wsgi.file_wrapper']?.(openSync(name, 'r')) as FileWrapper
      expect(await failureOf(bodyOf(app))).toBeInstanceOf(AppError)
    }
  })

  it('[3a.51] is closed after every end of the response', async () => {
    const journal: string[] = []
    const app: SyncApp = (environ, startResponse) => {
      startResponse('200 OK', [])
      const fd = openSync(path, 'r')
      const close = (): void => {
        closeSync(fd)
        journal.push('closed')
      }
      const filelike: FileLike = { fd, close, read: () => Buffer.from('never read so') }
      return environ['wsgi.file_wrapper']?.(filelike, 4) as FileWrapper
    }
    expect(await bodyOf(app)).toEqual(['abcd', 'efgh', 'ij', ''])
    await bodyOf(app, { method: 'HEAD' })
    const leaving = new Host()
    leaving.onSend = () => {
      throw new ClientDisconnectedError()
    }
    const failure = await failureOf(leaving.run(syncToEvents(app)))
    expect(failure).toBeInstanceOf(ClientDisconnectedError)
    expect(journal).toEqual(['closed', 'closed', 'closed'])
  })

  it('[3a.57] is read by its own read() if it has no descriptor', async () => {
    const reads: number[] = []
    const filelike: FileLike = {
      read: (size) => {
        reads.push(size)
        return Buffer.from(reads.length === 1 ? 'abc' : '')
      },
    }
    const app: SyncApp = (environ, startResponse) => {
      startResponse('200 OK', [])
      return environ['wsgi.file_wrapper']?.(filelike, 4) as FileWrapper
    }
    expect(await bodyOf(app)).toEqual(['abc', ''])
    expect(reads).toEqual([4, 4])
  })

  it('[3a.57] is iterated through its wrapper if a middleware wraps it', async () => {
    let fd = -1
    const app: SyncApp = function* (environ, startResponse) {
      startResponse('200 OK', [])
      fd = openSync(path, 'r')
      const wrapped = environ['wsgi.file_wrapper']?.(fd, 4) ?? []
      for (const block of wrapped) {
        yield Buffer.from(block).toString().toUpperCase()
      }
    }
    expect(await bodyOf(app)).toEqual(['ABCD', 'EFGH', 'IJ', ''])
    closeSync(fd)
  })

  it('[3a.53] fails with the error of the read, before any byte is sent', async () => {
    const app: SyncApp = (environ, startResponse) => {
      startResponse('200 OK', [])
      return environ['wsgi.file_wrapper']?.(openSync(folder, 'r')) as FileWrapper
    }
    const host = new Host()
    expect(await failureOf(host.run(syncToEvents(app)))).toMatchObject({ code: 'EISDIR' })
    expect(host.sent).toEqual([])
  })
})
