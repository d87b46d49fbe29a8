// Small runs against bare node:http, so that a fault is one of the harness.

import { expect, test } from 'vitest'
import { startLoad } from './keep-alive-load.ts'
import { parseOptions } from './options.ts'
import { missing } from './tools.ts'
import { startUpstream } from './upstream.ts'
import { UPLOADERS } from './uploaders.ts'
import { uploads } from './uploads.ts'

const RUN_MS = 60_000

test(
  'an early answer to an upload is counted for each client that is installed',
  { timeout: RUN_MS },
  async () => {
    const options = parseOptions(['--mib', '2', '--rounds', '1', '--server', 'node:http'])
    const candidates = UPLOADERS.filter(({ name }) => ['curl', 'fetch'].includes(name))
    const { table, faults } = await uploads({ ...options, proxies: [] }, candidates)
    const rows = new Map(table.map(([name, cell]) => [name, cell]))
    expect(rows.get('direct, fetch')).toMatch(/^\d of 4$/)
    expect(rows.has('direct, curl')).toBe(missing('curl') === null)
    expect(faults.filter((fault) => fault.includes('isthmus'))).toEqual([])
  },
)

test(
  'a load of keep-alive clients counts right answers, and a server that is gone as a fault',
  { timeout: RUN_MS },
  async () => {
    const { url, child } = await startUpstream('node:http')
    const load = startLoad(url, 'direct', { clients: 2, pauseMs: 5 })
    await expect.poll(() => String(load.tally), { timeout: RUN_MS }).toMatch(/^(\d+) of \1$/)
    await child.stop('SIGKILL')
    await expect.poll(() => load.tally.faults().join(), { timeout: RUN_MS }).toContain('ECONN')
    await load.stop()
  },
)
