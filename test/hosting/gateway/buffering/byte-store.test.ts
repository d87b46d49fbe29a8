import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BufferSpace } from '../../../../src/hosting/gateway/buffering/buffer-space.ts'
import { ByteStore } from '../../../../src/hosting/gateway/buffering/byte-store.ts'
import { SILENT_LOG } from '../../../../src/silent-log.ts'
import { failureOf } from '../../../bridge/host.ts'
import { eventually } from '../../behaviour-host.ts'
import type { FileHandle } from 'node:fs/promises'
import type { Log } from 'isthmus'

const opened = vi.hoisted((): FileHandle[] => [])
/** The faults of the next writes; null for none. */
const writeFaults = vi.hoisted((): Array<Error | number | null> => [])
vi.mock(import('node:fs/promises'), async (importOriginal) => {
  const original = await importOriginal()
  const open: typeof original.open = async (...args) => {
    const file = await original.open(...args)
    opened.push(file)
    const writev = file.writev.bind(file)
    file.writev = async (buffers, position) => {
      const fault = writeFaults.shift()
      if (fault instanceof Error) throw fault
      if (typeof fault !== 'number') return writev(buffers, position)
      const part = Buffer.concat(buffers as unknown as Uint8Array[]).subarray(0, fault)
      const { bytesWritten } = await writev([part], position)
      return { bytesWritten, buffers }
    }
    return file
  }
  return { ...original, open }
})

const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })

let directory = ''

beforeEach(async () => {
  opened.length = 0
  writeFaults.length = 0
  directory = await mkdtemp(join(tmpdir(), 'store-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

interface Bounds {
  memory?: number
  file?: number
  total?: number
  log?: Log
}

interface Stored {
  store: ByteStore
  space: BufferSpace
  /** How often the store had room. */
  rooms: () => number
}

function stored({ memory = 10, file = 1_000, total = 1e9, log = SILENT_LOG }: Bounds = {}): Stored {
  const space = new BufferSpace({ maxTotalFileBytes: total, directory }, log)
  let rooms = 0
  const onRoom = (): void => void (rooms += 1)
  const store = new ByteStore({ space, maxMemoryBytes: memory, maxFileBytes: file }, { onRoom })
  return { store, space, rooms: () => rooms }
}

async function textOf(store: ByteStore): Promise<string> {
  let text = ''
  for (let bytes = await store.take(); bytes; bytes = await store.take()) {
    text += Buffer.from(bytes).toString('latin1')
  }
  return text
}

const written = (store: ByteStore): Promise<void> => eventually(() => !store.isWriting)
const open = (): number => opened.filter(({ fd }) => fd >= 0).length

describe('ByteStore', () => {
  it('keeps bytes in memory up to the bound, and gives them without a wait', () => {
    const { store, space } = stored()
    store.push(Buffer.from('abcdefghij'))
    expect([store.length, store.memoryBytes, space.memoryBytes]).toEqual([10, 10, 10])
    expect(store.take()).toEqual(new Uint8Array(Buffer.from('abcdefghij')))
    expect([store.take(), store.length, space.memoryBytes]).toEqual([undefined, 0, 0])
    expect(opened).toEqual([])
  })

  it('moves all bytes to a file above the bound, and has room then', async () => {
    const { store, space, rooms } = stored()
    store.push(Buffer.from('abcdef'))
    store.push(Buffer.from('ghijkl'))
    expect([store.isWriting, store.excessBytes, rooms()]).toEqual([true, 2, 0])
    await written(store)
    expect([store.excessBytes, store.memoryBytes, rooms()]).toEqual([0, 0, 1])
    expect([store.length, space.memoryBytes, space.fileBytes]).toEqual([12, 0, 12])
    store.push(Buffer.from('mn'))
    expect(await textOf(store)).toBe('abcdefghijklmn')
    await eventually(() => space.fileBytes === 0)
    expect(open()).toBe(0)
  })

  it('gives bytes that are on their way to the file', async () => {
    const { store } = stored()
    store.push(Buffer.from('abcdefghijkl'))
    expect(store.isWriting).toBe(true)
    expect(await textOf(store)).toBe('abcdefghijkl')
  })

  it('stops at the bound of the file, to the byte', async () => {
    const { store, space } = stored({ file: 15 })
    store.push(Buffer.alloc(12, 'a'))
    await written(store)
    store.push(Buffer.alloc(12, 'b'))
    await written(store)
    expect([space.fileBytes, store.memoryBytes, store.excessBytes]).toEqual([15, 9, 0])
    store.push(Buffer.alloc(5, 'c'))
    expect([store.isWriting, store.excessBytes]).toEqual([false, 4])
    expect(await textOf(store)).toBe(`${'a'.repeat(12)}${'b'.repeat(12)}${'c'.repeat(5)}`)
  })

  it('shares the space of all files with other stores', async () => {
    const first = stored({ total: 20 })
    const second = new ByteStore(
      { space: first.space, maxMemoryBytes: 10, maxFileBytes: 1_000 },
      { onRoom: () => undefined },
    )
    first.store.push(Buffer.alloc(15, 'a'))
    await written(first.store)
    second.push(Buffer.alloc(30, 'b'))
    await written(second)
    expect([first.space.fileBytes, second.excessBytes]).toEqual([20, 15])
    first.store.close()
    await eventually(() => first.space.fileBytes === 5)
    second.push(Buffer.alloc(1, 'b'))
    await written(second)
    expect([second.excessBytes, first.space.fileBytes]).toEqual([1, 20])
    expect(await textOf(second)).toBe('b'.repeat(31))
  })

  it('loses nothing when the disk is full, and stays in memory from then on', async () => {
    const lines: string[] = []
    const log = { ...SILENT_LOG, error: (_fields: unknown, line: string) => void lines.push(line) }
    const { store, space, rooms } = stored({ log })
    store.push(Buffer.alloc(12, 'a'))
    await written(store)
    writeFaults.push(FULL)
    store.push(Buffer.alloc(12, 'b'))
    await written(store)
    expect([rooms(), store.excessBytes]).toEqual([2, 2])
    store.push(Buffer.alloc(2, 'c'))
    expect([store.isWriting, store.excessBytes]).toEqual([false, 4])
    expect(await textOf(store)).toBe(`${'a'.repeat(12)}${'b'.repeat(12)}cc`)
    store.close()
    await eventually(() => space.fileBytes === 0 && open() === 0)
    expect(lines.length).toBe(1)
    expect(lines[0]).toMatch(/^a temporary file cannot be written; /)
  })

  it.each([
    ['the disk is full at the first byte', FULL],
    ['the disk takes a part of the bytes, and then no more', 5],
  ])('loses nothing when %s', async (_case, fault) => {
    const { store, space } = stored()
    writeFaults.push(fault, FULL)
    store.push(Buffer.from('abcdefghijkl'))
    await written(store)
    expect([store.length, store.memoryBytes]).toEqual([12, 12])
    expect(await textOf(store)).toBe('abcdefghijkl')
    await eventually(() => space.fileBytes === 0 && open() === 0)
  })

  it('completes a write that the system cut short', async () => {
    const { store } = stored()
    writeFaults.push(1, 5, null)
    store.push(Buffer.from('abc'))
    store.push(Buffer.alloc(20_000, 'd'))
    expect(await textOf(store)).toBe(`abc${'d'.repeat(20_000)}`)
  })

  it('logs one line for many stores if the directory cannot be used', async () => {
    await rm(directory, { recursive: true })
    const errors: unknown[] = []
    const error = (fields: Record<string, unknown>): void => void errors.push(fields['err'])
    const { store, space } = stored({ log: { ...SILENT_LOG, error } })
    const bounds = { space, maxMemoryBytes: 10, maxFileBytes: 1_000 }
    const second = new ByteStore(bounds, { onRoom: () => undefined })
    for (const one of [store, second]) {
      one.push(Buffer.alloc(11, 'a'))
      await written(one)
      expect(await textOf(one)).toBe('a'.repeat(11))
    }
    expect(errors).toEqual([expect.objectContaining({ code: 'ENOENT' })])
    expect(space.fileBytes).toBe(0)
  })

  it('throws when the file cannot be read', async () => {
    const { store } = stored()
    store.push(Buffer.alloc(12))
    await written(store)
    await opened[0]?.truncate(0)
    expect(await failureOf(Promise.resolve(store.take()))).toEqual(
      new Error('a temporary file of a buffered body is shorter than its bytes'),
    )
    const broken = new Error('EIO')
    Object.assign(opened[0] as FileHandle, { read: () => Promise.reject(broken) })
    expect(await failureOf(Promise.resolve(store.take()))).toMatchObject({ cause: broken })
    store.close()
  })

  it('closes its file at once, at every moment', async () => {
    for (const turns of [0, 1, 2, 3, 5, 8]) {
      const { store, space } = stored()
      store.push(Buffer.alloc(12))
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)
      const reading = Promise.resolve(store.take()).catch(() => undefined)
      store.close()
      await reading
      await eventually(() => space.fileBytes === 0 && open() === 0)
      expect([space.memoryBytes, store.length]).toEqual([0, 0])
      store.push(Buffer.alloc(12))
      expect(store.length).toBe(0)
    }
    expect(await readdir(directory)).toEqual([])
  })

  it('gives the same bytes, within the bounds, for any order of pushes and takes', async () => {
    const step = fc.oneof(
      fc.record({ push: fc.oneof(fc.nat(30), fc.nat(3_000)) }),
      fc.constant('take' as const),
      fc.constant('turn' as const),
    )
    const bounds = fc.record({ memory: fc.nat(2_000), file: fc.nat(10_000), total: fc.nat(15_000) })
    const property = fc.asyncProperty(
      bounds,
      fc.array(step, { maxLength: 80 }),
      async (bounds, steps) => {
        const { store, space } = stored(bounds)
        let [pushed, taken] = [0, 0]
        const check = (bytes: Uint8Array | undefined): void => {
          for (const byte of bytes ?? []) expect(byte).toBe(taken++ % 251)
        }
        for (const step of steps) {
          if (step === 'take') check(await store.take())
          else if (step === 'turn') await new Promise(setImmediate)
          else if (store.excessBytes === 0) {
            const start = pushed
            store.push(Uint8Array.from({ length: step.push }, (_, at) => (start + at) % 251))
            pushed += step.push
          }
          expect(store.memoryBytes).toBeLessThanOrEqual(bounds.memory + 3_000)
          expect(space.fileBytes).toBeLessThanOrEqual(bounds.total)
        }
        for (let bytes = await store.take(); bytes; bytes = await store.take()) check(bytes)
        expect(taken).toBe(pushed)
        store.close()
        await eventually(() => space.fileBytes === 0)
        expect(space.memoryBytes).toBe(0)
      },
    )
    await fc.assert(property, { seed: 20261128, numRuns: 80 })
  }, 60_000)
})
