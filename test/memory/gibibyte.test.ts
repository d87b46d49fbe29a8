// A gibibyte through every bridge, in both directions. The peak of the server's resident memory is measured.

import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  answer,
  DEADLINE_MS,
  download,
  TRANSFER_BYTES,
  TRANSFER_MIB,
  MIB,
  upload,
} from './transfer.ts'
import type { ChildProcess } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import type { ServerAddress } from 'isthmus'
import type { Transfer } from './transfer.ts'

// From Node 24 on, V8 keeps up to 64 MiB of dead array buffers in every thread before it collects them. A bare worker
// that makes a gibibyte and posts it to a bare node:http takes more memory than isthmus.
const COLLECTS_LATE = Number(process.versions.node.split('.')[0]) >= 24
const LIMIT_MIB = COLLECTS_LATE ? 96 : 64

// A run with less than the gibibyte, as in CI, has one way of each kind: inline, by events, and in threads.
const IS_SHORT = TRANSFER_MIB < 1_024
const UPLOADS = [
  'sync',
  'events',
  'threads',
  ...(IS_SHORT ? [] : ['iterable', 'threaded-middleware']),
]
const DOWNLOADS = [...UPLOADS, 'pathsend', ...(IS_SHORT ? [] : ['file-wrapper'])]

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-gibibyte-'))
  const file = join(folder, 'file')
  writeFileSync(file, '')
  // A sparse file, which takes no room on the disk.
  truncateSync(file, TRANSFER_BYTES)
})
afterAll(() => rmSync(folder, { recursive: true }))

/**
 * Moves a gibibyte through `path` in a fresh process, after one through a bare node:http, so that the usual garbage of a
 * transfer is there before. Returns the counted bytes, and the growth of the peak memory in MiB.
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

// The time of a collection is chance, and so is the peak. Retained memory shows in every attempt.
describe(
  `${TRANSFER_MIB} MiB take no more than ${LIMIT_MIB} MiB`,
  { timeout: DEADLINE_MS, retry: 2 },
  () => {
    it.each(UPLOADS)('[3c.7] to be uploaded: %s', async (way) => {
      const { bytes, mib } = await extra(upload, `/upload/${way}`)
      expect(bytes).toBe(TRANSFER_BYTES)
      expect(mib).toBeLessThanOrEqual(LIMIT_MIB)
    })

    it.each(DOWNLOADS)('[3c.8] to be downloaded: %s', async (way) => {
      const { bytes, mib } = await extra(download, `/download/${way}`)
      expect(bytes).toBeGreaterThan(TRANSFER_BYTES)
      expect(mib).toBeLessThanOrEqual(LIMIT_MIB)
    })
  },
)
