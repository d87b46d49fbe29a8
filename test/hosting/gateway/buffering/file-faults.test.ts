// Temporary files that fail while requests and responses of a pool are in them.

import { get } from 'node:http'
import { threads } from 'isthmus'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { served } from '../../../raw/served.ts'
import { eventually } from '../../behaviour-host.ts'
import type { IncomingMessage } from 'node:http'
import type { FileHandle } from 'node:fs/promises'
import type { Served } from '../../../raw/served.ts'

const failing = vi.hoisted(() => ({ open: '', write: '', read: '' }))
const opened = vi.hoisted((): FileHandle[] => [])
vi.mock(import('node:fs/promises'), async (importOriginal) => {
  const original = await importOriginal()
  const fail = (code: string): void => {
    if (code) throw Object.assign(new Error(code), { code })
  }
  const open: typeof original.open = async (...args) => {
    fail(failing.open)
    const file = await original.open(...args)
    opened.push(file)
    const read = file.read.bind(file)
    const writev = file.writev.bind(file)
    Object.assign(file, {
      read: async (...args: Parameters<FileHandle['read']>) => {
        fail(failing.read)
        return read(...args)
      },
      writev: async (...args: Parameters<FileHandle['writev']>) => {
        fail(failing.write)
        return writev(...args)
      },
    })
    return file
  }
  return { ...original, open }
})

beforeEach(() => {
  opened.length = 0
  Object.assign(failing, { open: '', write: '', read: '' })
})

const APP = new URL('../../../fixtures/threads/buffering-app.js', import.meta.url)
const MIB = 1024 * 1024

function pool(): { app: ReturnType<typeof threads>; start: () => Promise<Served> } {
  const buffering = { maxRequestMemoryBytes: 65_536, maxResponseMemoryBytes: 65_536 }
  const app = threads(APP, { max: 1, buffering })
  return { app, start: () => served(app, { lifespan: 'on' }) }
}

async function post({ server }: Served, body: string): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(30_000)
  const response = await fetch(`${server.url}/size`, { method: 'POST', body, signal })
  return { status: response.status, text: await response.text() }
}

async function open({ server }: Served, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(server.url + path, { agent: false, timeout: 10_000 }, (response) => {
      response.pause()
      resolve(response)
    })
    request.on('error', reject)
    request.on('timeout', () => request.destroy(new Error('the server was silent for 10 s')))
  })
}

async function sizeOf(response: IncomingMessage): Promise<number> {
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) size += chunk.length
  return size
}

const faultsOf = ({ lines }: Served): string[] =>
  lines.filter((line) => line.startsWith('error: a temporary file cannot be written'))
const allClosed = (): boolean => opened.every(({ fd }) => fd < 0)

describe('temporary files', { timeout: 60_000 }, () => {
  it.each([
    ['the disk is full', { write: 'ENOSPC' }],
    ['too many files are open', { open: 'EMFILE' }],
    ['the directory may not be written', { open: 'EACCES' }],
  ])('%s: no byte is lost, slow clients hold threads, and one line is logged', async (_, fault) => {
    const { app, start } = pool()
    await using server = await start()
    Object.assign(failing, fault)
    for (let round = 0; round < 3; round += 1) {
      expect(await post(server, 'x'.repeat(500_000))).toEqual({ status: 200, text: '500000 true' })
    }
    const slow = await open(server, '/blocks?16')
    await eventually(() => {
      const { inFlight, buffering } = app.stats()
      return inFlight === 1 && buffering.memoryBytes > 65_536 && buffering.fileBytes === 0
    })
    expect(await sizeOf(slow)).toBe(16 * MIB)
    expect(faultsOf(server)).toHaveLength(1)
    await eventually(allClosed)

    Object.assign(failing, { open: '', write: '' })
    const later = await open(server, '/blocks?16')
    await eventually(() => app.stats().completed === 5 && app.stats().buffering.fileBytes > 0)
    expect(await sizeOf(later)).toBe(16 * MIB)
  })

  it('the file of a request cannot be read: 500, and the thread goes on', async () => {
    const { start } = pool()
    await using server = await start()
    failing.read = 'EIO'
    expect((await post(server, 'x'.repeat(500_000))).status).toBe(500)
    failing.read = ''
    expect((await post(server, 'x'.repeat(500_000))).status).toBe(200)
    expect(server.lines).toContain(
      'error: the app failed: a temporary file of a buffered body cannot be read',
    )
    await eventually(allClosed)
  })

  it('the file of a response cannot be read: a cut, and the thread goes on', async () => {
    const { app, start } = pool()
    await using server = await start()
    const slow = await open(server, '/blocks?16')
    await eventually(() => app.stats().completed === 1 && app.stats().buffering.fileBytes > 0)
    failing.read = 'EIO'
    await expect(sizeOf(slow)).rejects.toThrow('aborted')
    failing.read = ''
    expect((await post(server, 'xxx')).text).toBe('3 true')
    await eventually(allClosed)
    await eventually(() => app.stats().buffering.fileBytes === 0)
  })
})
