// isthmus serve --workers with the sockets of the operator: one report, one page of metrics and one state for all workers.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get as httpGet } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { askControl } from '../../../src/cli/control-client.ts'
import { freePort } from '../../raw/free-port.ts'
import { parseMetrics } from '../../report/metrics/parse-metrics.ts'
import { Command, run } from '../command.ts'
import type { MigrationReport, Report, WorkerReport } from '../../../src/contract/report.ts'
import type { Ended } from '../command.ts'

let folder = ''
let socket = ''
let broken = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-crew-'))
  socket = join(folder, 'control.sock')
  broken = join(folder, 'broken')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function isthmus(...words: string[]): Promise<Ended> {
  return run(words, { ISTHMUS_CONTROL: socket })
}

/** A GET on a connection of its own, so that the workers take turns. */
function fresh(url: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(30_000)
    const sent = httpGet(url, { agent: false, headers, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text))
    })
    sent.on('error', reject)
  })
}

async function report(): Promise<Report> {
  return (await askControl(socket, { method: 'GET', target: '/report' })) as Report
}

function totalAt({ mounts }: Report, path: string): number | undefined {
  return mounts.find((mount) => mount.path === path)?.requests.total
}

describe('isthmus serve --workers', { timeout: 120_000 }, () => {
  it('has one report, one page of metrics and one state of migrations, also over a reload and a crash', async () => {
    const port = await freePort()
    const words = ['serve', 'test/fixtures/cli/operated.js', '--port', '0', '--no-access-log']
    using command = new Command(
      [...words, '--workers', '2', '--metrics', String(port), '--log-format', 'json'],
      { ISTHMUS_CONTROL: socket, BROKEN_FILE: broken },
    )
    const url = await command.url()
    const pids = new Set<string>()
    for (let index = 0; index < 6; index += 1) pids.add(await fresh(`${url}/pid`))
    expect(pids.size).toBe(2)

    // The control socket, and the app in any worker, tell the figures of both.
    const first = await report()
    expect([totalAt(first, '/pid'), first.isComplete]).toEqual([6, true])
    expect(first.workers.map(({ pid }) => String(pid)).toSorted()).toEqual([...pids].toSorted())
    expect(first.workers.map(({ requests }) => requests.total)).toEqual([3, 3])
    for (let index = 0; index < 2; index += 1) {
      const own = JSON.parse(await fresh(`${url}/report/report.json`)) as Report
      expect([totalAt(own, '/pid'), own.workers.length]).toEqual([6, 2])
    }

    // So do both pages of metrics.
    for (const page of [`${url}/metrics`, `http://127.0.0.1:${port}/metrics`]) {
      const { values } = parseMetrics(await fresh(page))
      expect(values.get('http_server_requests_total{mount="/pid",class="2xx"}')).toBe(6)
      expect(values.get('isthmus_workers{state="ready"}')).toBe(2)
      for (const worker of ['master', '1', '2']) {
        const rss = values.get(`process_resident_memory_bytes{worker="${worker}"}`)
        expect(rss).toBeGreaterThan(1_000_000)
      }
    }

    // A change reaches each worker, also those that a reload starts.
    const set = await isthmus('migrate', 'set', '/orders', '--share', '1')
    expect(set.stdout).toBe('/orders: share 1, no shadow\n')
    const reloaded = await isthmus('reload')
    expect(reloaded).toMatchObject({ status: 0, stdout: 'reloaded: 2 workers with the new code\n' })
    for (let index = 0; index < 4; index += 1) {
      expect(await fresh(`${url}/orders`, { 'x-user': String(index) })).toBe('new')
      expect(pids.has(await fresh(`${url}/pid`))).toBe(false)
    }

    // The counters of the workers that have ended stay in the sums.
    const ready = ({ workers }: Report): WorkerReport[] =>
      workers.filter(({ state }) => state === 'ready')
    const second = await vi.waitFor(
      async () => {
        const found = await report()
        expect([found.isComplete, found.workers.length]).toEqual([true, 2])
        return found
      },
      { timeout: 30_000, interval: 200 },
    )
    expect(totalAt(second, '/pid')).toBe(10)
    const [orders] = second.migrations as [MigrationReport]
    expect([orders.share, orders.to.requests]).toEqual([1, 4])
    expect(ready(second).map(({ predecessors, crashes }) => [predecessors, crashes])).toEqual([
      [1, 0],
      [1, 0],
    ])

    // A worker that is killed takes nothing along that a report has shown.
    process.kill(second.workers[0]?.pid ?? 0, 'SIGKILL')
    const third = await vi.waitFor(
      async () => {
        const found = await report()
        expect(found.isComplete).toBe(true)
        expect(ready(found).map(({ crashes }) => crashes)).toEqual([1, 0])
        return found
      },
      { timeout: 30_000, interval: 200 },
    )
    expect(totalAt(third, '/pid')).toBe(10)

    // Code that does not load leaves the old workers, and the command has the reason.
    writeFileSync(broken, '')
    const refused = await isthmus('reload')
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain('a broken deploy')
    expect(await fresh(`${url}/orders`, { 'x-user': 'z' })).toBe('new')

    const text = (await isthmus('report')).stdout
    expect(text).toMatch(/^master \d+ on Node/)
    expect(text).toMatch(/^1 +ready +\d+ /m)
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(0)
  })
})
