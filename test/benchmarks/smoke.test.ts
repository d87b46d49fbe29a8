// One scenario, quickly, from the command line to the file.

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cellOf, readReport } from '../../benchmarks/report.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const RUN = ['--import', 'tsx', 'benchmarks/run.ts']
const TIMEOUT_MS = 60_000

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-bench-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('npm run bench', { timeout: TIMEOUT_MS }, () => {
  it('measures a scenario, prints its table, and keeps every round', async () => {
    const json = join(folder, 'run.json')
    const words = ['--quick', '--only', 'echo', '--seconds', '0.1', '--json', json]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...RUN, ...words], {
      cwd: ROOT,
      timeout: TIMEOUT_MS,
    })

    expect(stdout).toContain('echo: 16 in flight')
    expect(stderr).toContain('echo, round 1 of 1: isthmus, events')
    const report = readReport(json)
    expect(report).toMatchObject({ rounds: 1, seconds: 0.1, versions: { node: process.version } })
    const at = { scenario: 'echo', row: 'isthmus, events', variant: '16' }
    expect(cellOf(report, at)?.median['perSecond']).toBeGreaterThan(0)
  })

  it('names in one line the fault of its command line', async () => {
    const run = promisify(execFile)(process.execPath, [...RUN, '--only', 'nothing'], { cwd: ROOT })
    await expect(run).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^bench: there is no scenario "nothing"; there are .*\n$/),
    })
  })
})
