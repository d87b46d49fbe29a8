import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openTemporaryFile } from '../../src/bridge/temporary-file.ts'
import { failureOf } from './host.ts'
import type { FileHandle } from 'node:fs/promises'

const opened = vi.hoisted((): FileHandle[] => [])
const unlinkFaults = vi.hoisted((): Error[] => [])
const openFaults = vi.hoisted((): string[] => [])
vi.mock(import('node:fs/promises'), async (importOriginal) => {
  const original = await importOriginal()
  const open: typeof original.open = async (...args) => {
    const code = openFaults.shift()
    if (code) throw Object.assign(new Error(code), { code })
    const file = await original.open(...args)
    opened.push(file)
    return file
  }
  const unlink: typeof original.unlink = async (path) => {
    await original.unlink(path)
    const fault = unlinkFaults.shift()
    if (fault) throw fault
  }
  return { ...original, open, unlink }
})

let folder = ''

beforeEach(async () => {
  for (const list of [opened, unlinkFaults, openFaults]) list.length = 0
  folder = await mkdtemp(join(tmpdir(), 'temporary-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('openTemporaryFile', () => {
  it.each([
    ['with O_TMPFILE', []],
    ['on a file system without O_TMPFILE', ['EOPNOTSUPP']],
    ['on a kernel without O_TMPFILE', ['EISDIR']],
  ])('opens a file without a name, %s', async (_where, faults) => {
    openFaults.push(...faults)
    const file = await openTemporaryFile(folder)
    expect(await readdir(folder)).toEqual([])
    await file.writeFile('seats')
    const { bytesRead, buffer } = await file.read(Buffer.alloc(9), 0, 9, 0)
    expect(buffer.toString('latin1', 0, bytesRead)).toBe('seats')
    const { mode, nlink } = await file.stat()
    expect((mode & 0o777).toString(8)).toBe('600')
    expect(nlink).toBe(0)
    await file.close()
    expect(opened.map(({ fd }) => fd)).toEqual([-1])
  })

  it.skipIf(process.platform !== 'linux')('never has a name on Linux', async () => {
    // The only link of the file would be removed here.
    unlinkFaults.push(new Error('no name was expected'))
    const file = await openTemporaryFile(folder)
    expect(unlinkFaults).toHaveLength(1)
    await file.close()
  })

  it('uses the directory of the system by default', async () => {
    vi.stubEnv('TMPDIR', join(folder, 'missing'))
    expect(await failureOf(openTemporaryFile())).toMatchObject({ code: 'ENOENT' })
    vi.unstubAllEnvs()
  })

  it('throws the error of the system, without a second attempt', async () => {
    openFaults.push('EMFILE')
    expect(await failureOf(openTemporaryFile(folder))).toMatchObject({ code: 'EMFILE' })
    expect(opened).toEqual([])
  })

  it('closes the file if it cannot be unlinked', async () => {
    openFaults.push('EOPNOTSUPP')
    unlinkFaults.push(new Error('not permitted'))
    expect(await failureOf(openTemporaryFile(folder))).toEqual(new Error('not permitted'))
    expect(opened.map(({ fd }) => fd)).toEqual([-1])
  })
})
