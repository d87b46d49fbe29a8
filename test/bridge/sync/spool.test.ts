import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeReceive } from '../../../src/async/receive.ts'
import { spoolBody } from '../../../src/bridge/sync/spool.ts'
import { syncToEvents } from '../../../src/bridge/sync/sync-to-events.ts'
import { AppError, BodyTooLargeError, ClientDisconnectedError } from '../../../src/errors.ts'
import { BytesSource, Input } from '../../../src/sync/input.ts'
import { failureOf, Host, httpScope } from '../host.ts'
import type { FileHandle } from 'node:fs/promises'

type SpooledBody = Awaited<ReturnType<typeof spoolBody>>
import type { SyncApp } from '../../../src/contract/environ.ts'
import type { ReceiveEvent } from '../../../src/contract/events.ts'

const opened = vi.hoisted((): FileHandle[] => [])
vi.mock(import('node:fs/promises'), async (importOriginal) => {
  const original = await importOriginal()
  const open: typeof original.open = async (...args) => {
    const file = await original.open(...args)
    opened.push(file)
    return file
  }
  return { ...original, open }
})

let folder = ''

beforeEach(async () => {
  opened.length = 0
  folder = await mkdtemp(join(tmpdir(), 'spool-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

function spool(memoryBytes: number, ...body: Array<string | null>): Promise<SpooledBody> {
  return spoolBody(new Host(...body).receive, memoryBytes)
}

function readAll({ source }: SpooledBody): string {
  return Buffer.from(new Input(source).read()).toString()
}

/** The descriptors of the files: -1 for each closed one. */
function descriptors(): number[] {
  return opened.map(({ fd }) => fd)
}

describe('spoolBody', () => {
  it('[3a.29] keeps a body in memory up to the bound', async () => {
    for (const parts of [[''], ['abc'], ['abc', 'def'], ['abc', 'def', ''], ['', '', 'a']]) {
      const body = await spool(6, ...parts)
      expect(body.source).toBeInstanceOf(BytesSource)
      expect(readAll(body)).toBe(parts.join(''))
      await body.close()
    }
    expect(opened).toEqual([])
  })

  it('[3a.29] writes a longer body to a file, with the bytes from before the bound', async () => {
    const body = await spool(6, 'abc', 'def', 'g', '', 'hi')
    expect(body.source).not.toBeInstanceOf(BytesSource)
    expect(readAll(body)).toBe('abcdefghi')
    expect(readAll(body)).toBe('')
    await body.close()
    expect(descriptors()).toEqual([-1])
  })

  it('[3a.29] has no name in the file system, so that it disappears in a crash', async () => {
    const body = await spool(1, 'abc', 'def')
    expect(await readdir(folder)).toEqual([])
    await body.close()
  })

  it('[3a.23] reads lines from the file, longer than a block', async () => {
    const line = `${'x'.repeat(100_000)}\n`
    const body = await spool(10, line, line, 'end')
    const lines = [...new Input(body.source)].map((line) => line.length)
    expect(lines).toEqual([100_001, 100_001, 3])
    await body.close()
  })

  it('[3a.29] joins many small parts, in memory and in the file', async () => {
    const parts = Array.from({ length: 5_000 }, (_, index) => String(index % 10))
    for (const memoryBytes of [10_000, 4_000, 1]) {
      const body = await spool(memoryBytes, ...parts)
      expect(readAll(body)).toBe(parts.join(''))
      await body.close()
    }
  })

  it('[3a.25] throws if the body was cut, and closes the file', async () => {
    expect(await failureOf(spool(10, 'abc', null))).toBeInstanceOf(ClientDisconnectedError)
    expect(opened).toEqual([])
    expect(await failureOf(spool(1, 'abc', 'def', null))).toBeInstanceOf(ClientDisconnectedError)
    expect(descriptors()).toEqual([-1])
    expect(await readdir(folder)).toEqual([])
  })

  it('[3a.26] throws the error of receive(), and closes the file', async () => {
    const events: ReceiveEvent[] = [
      { type: 'http.request', body: Buffer.from('abc'), moreBody: true },
    ]
    const receive = makeReceive(() => {
      const event = events.shift()
      return event ? Promise.resolve(event) : Promise.reject(new BodyTooLargeError(3))
    })
    expect(await failureOf(spoolBody(receive, 1))).toBeInstanceOf(BodyTooLargeError)
    expect(descriptors()).toEqual([-1])
  })

  it('[3a.29] does not read after the file is closed: the descriptor may belong to another file', async () => {
    const body = await spool(1, 'abc', 'def')
    await body.close()
    expect(() => readAll(body)).toThrow(
      new AppError('wsgi.input was read after the response ended'),
    )
  })

  it('[3a.29] fails if the file cannot be made', async () => {
    vi.stubEnv('TMPDIR', join(folder, 'missing'))
    expect(await failureOf(spool(1, 'abc', 'def'))).toMatchObject({ code: 'ENOENT' })
  })
})

describe('the spooled body of a sync app', () => {
  it('[3a.51] is closed after every end of the app', async () => {
    const apps: SyncApp[] = [
      (environ, startResponse) => {
        startResponse('200 OK', [])
        return [environ['wsgi.input'].read()]
      },
      (_environ, _startResponse) => {
        throw new Error('broken')
      },
    ]
    for (const app of apps) {
      const host = new Host('abc', 'def')
      Object.assign(host.connection, { hosting: { environ: {}, maxInlineBodyBytes: 1 } })
      const scope = httpScope({ headers: [['content-length', '6']] })
      await failureOf(host.run(syncToEvents(app), scope))
    }
    expect(descriptors()).toEqual([-1, -1])
  })
})
