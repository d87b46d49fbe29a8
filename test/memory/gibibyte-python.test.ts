// A gibibyte through apps of Python, in both directions. The peaks of the resident memory of both processes are measured.

import { fork, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { answer, DEADLINE_MS, download, TRANSFER_BYTES, TRANSFER_MIB, upload } from './transfer.ts'
import type { ChildProcess } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import type { ServerAddress } from 'isthmus'
import type { Transfer } from './transfer.ts'

// As in gibibyte.test.ts.
const COLLECTS_LATE = Number(process.versions.node.split('.')[0]) >= 24
const PYTHON_LIMIT_MIB = 64
const GATEWAY_LIMIT_MIB = COLLECTS_LATE ? 96 : PYTHON_LIMIT_MIB
const VERSION = ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']
const CAN_RUN = process.platform === 'linux' && spawnSync('python3', VERSION).status === 0

interface Peaks {
  gateway: number
  python: number
}

/**
 * Moves a gibibyte through `app` in fresh processes, after one through a bare node:http, so that the usual garbage of a
 * transfer is there before. Returns the counted bytes, and the growth of the peaks in MiB.
 */
async function extra(transfer: Transfer, app: string): Promise<Peaks & { bytes: number }> {
  const child = fork(new URL('python-server.ts', import.meta.url), [app], {
    execArgv: ['--import', 'tsx'],
  })
  try {
    const [bare, server] = (await answer(child)) as [AddressInfo, ServerAddress]
    await transfer({ host: bare.address, port: bare.port }, '/')
    const before = peaks(child)
    const bytes = await transfer(server, '/')
    const after = peaks(child)
    const gateway = after.gateway - before.gateway
    return { bytes, gateway, python: after.python - before.python }
  } finally {
    child.kill('SIGKILL')
  }
}

function peaks({ pid }: ChildProcess): Peaks {
  const own = `/proc/${pid}/task/${pid}/children`
  const children = readFileSync(own, 'utf8').split(' ').filter(Boolean)
  const hosts = children.filter((child) => read(child, 'cmdline').includes('gibibyte_apps'))
  expect(hosts).toHaveLength(1)
  return { gateway: peakMib(String(pid)), python: peakMib(hosts[0] as string) }
}

function peakMib(pid: string): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(read(pid, 'status'))?.[1]) / 1024
}

function read(pid: string, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8')
}

// The time of a collection is chance, and so is the peak. Retained memory shows in every attempt.
describe.skipIf(!CAN_RUN)(
  `${TRANSFER_MIB} MiB take no more than ${PYTHON_LIMIT_MIB} MiB of Python (skipped without Linux and python3 of 3.9)`,
  { timeout: 2 * DEADLINE_MS, retry: 2 },
  () => {
    it.each(['wsgi', 'asgi'])('[3c.7] to be uploaded: %s', async (app) => {
      const { bytes, gateway, python } = await extra(upload, app)
      expect(bytes).toBe(TRANSFER_BYTES)
      expect(gateway).toBeLessThanOrEqual(GATEWAY_LIMIT_MIB)
      expect(python).toBeLessThanOrEqual(PYTHON_LIMIT_MIB)
    })

    it.each(['wsgi', 'asgi'])('[3c.8] to be downloaded: %s', async (app) => {
      const { bytes, gateway, python } = await extra(download, app)
      expect(bytes).toBeGreaterThan(TRANSFER_BYTES)
      expect(gateway).toBeLessThanOrEqual(GATEWAY_LIMIT_MIB)
      expect(python).toBeLessThanOrEqual(PYTHON_LIMIT_MIB)
    })
  },
)
