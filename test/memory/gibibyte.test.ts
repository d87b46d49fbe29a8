// A gibibyte through every bridge, either way, and what it costs: the peak of the server's resident memory.

import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answer, DEADLINE_MS, download, GIB, MIB, upload } from './transfer.ts'
import type { ChildProcess } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import type { ServerAddress } from 'isthmus'
import type { Transfer } from './transfer.ts'

// From Node 24 on V8 lets 64 MiB of dead array buffers gather in every thread before it collects them: a bare worker that
// makes a gibibyte and posts it to a bare node:http takes more than we do.
const COLLECTS_LATE = Number(process.versions.node.split('.')[0]) >= 24
const LIMIT_MIB = COLLECTS_LATE ? 96 : 64

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-gibibyte-'))
  const file = join(folder, 'file')
  writeFileSync(file, '')
  // Sparse: it takes no room on the disk.
  truncateSync(file, GIB)
})
afterAll(() => rmSync(folder, { recursive: true }))

/**
 * Moves a gibibyte through `path` in a fresh process, after one through a bare node:http, so that what the garbage
 * collector leaves lying about is there already: what the transfer counted, and MiB of peak memory on top.
 */
async function extra(transfer: Transfer, path: string): Promise<{ bytes: number; mib: number }> {
  const child = fork(new URL('server.ts', import.meta.url), [join(folder, 'file')], {
    execArgv: ['--import', 'tsx'],
  })
  try {
    const [bare, server] = (await answer(child)) as [AddressInfo, ServerAddress]
    await transfer({ host: bare.address, port: bare.port }, '/')
    const before = await peak(child)
    const bytes = await transfer(server, path)
    return { bytes, mib: ((await peak(child)) - before) / MIB }
  } finally {
    child.kill('SIGKILL')
  }
}

async function peak(child: ChildProcess): Promise<number> {
  child.send('peak')
  return (await answer(child)) as number
}

// When the collector runs is chance, and the peak with it; what is retained shows in every try.
describe(
  `a gibibyte takes no more than ${LIMIT_MIB} MiB`,
  { timeout: DEADLINE_MS, retry: 2 },
  () => {
    it.each(['sync', 'iterable', 'events', 'threads', 'threaded-middleware'])(
      '[3c.7] to be uploaded: %s',
      async (way) => {
        const { bytes, mib } = await extra(upload, `/upload/${way}`)
        expect(bytes).toBe(GIB)
        expect(mib).toBeLessThanOrEqual(LIMIT_MIB)
      },
    )

    it.each([
      'sync',
      'iterable',
      'events',
      'pathsend',
      'file-wrapper',
      'threads',
      'threaded-middleware',
    ])('[3c.8] to be downloaded: %s', async (way) => {
      const { bytes, mib } = await extra(download, `/download/${way}`)
      expect(bytes).toBeGreaterThan(GIB)
      expect(mib).toBeLessThanOrEqual(LIMIT_MIB)
    })
  },
)
