// A master with real processes, which are small: they have no server.

import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { MasterFigures } from '../../../src/cli/master/master-figures.ts'
import { Master } from '../../../src/cli/master/master.ts'
import { WORKERS_DEFAULTS } from '../../../src/cli/workers-options.ts'
import type { WorkersFlags } from '../../../src/cli/workers-options.ts'

const FAKE = 'test/fixtures/cli/fake-worker.js'
const WAIT = { timeout: 20_000, interval: 20 }
const PLACE = { host: '127.0.0.1', port: 0, uds: null, udsMode: null, udsOwner: null, fd: null }

interface Crew {
  readonly master: Master
  readonly figures: MasterFigures
  /** The sentences of the log with `text`. */
  readonly said: (text: string) => string[]
  /** Waits until the log has so many sentences with `text`. */
  readonly says: (text: string, count?: number) => Promise<void>
}

/** A master whose workers run the fixture. Variables of the environment choose its faults. */
function crewOf(count: number, flags: Partial<WorkersFlags> = {}): Crew {
  const lines: string[] = []
  const note = (_fields: object, message: string): void => void lines.push(message)
  const log = { debug: note, info: note, warn: note, error: note }
  vi.spyOn(process, 'argv', 'get').mockReturnValue([process.execPath, FAKE])
  vi.spyOn(process, 'execArgv', 'get').mockReturnValue([])
  const figures = new MasterFigures(async () => undefined)
  const master = new Master({
    count,
    maxCount: 2,
    flags: { ...WORKERS_DEFAULTS, ...flags },
    balancer: { ...PLACE, backlog: 10, log },
    graceMs: 5_000,
    lifespanTimeoutMs: 5_000,
    channels: null,
    figures,
    log,
  })
  onTestFinished(async () => {
    master.kill()
    await master.close()
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })
  const said = (text: string): string[] => lines.filter((line) => line.includes(text))
  const says = async (text: string, count = 1): Promise<void> => {
    await vi.waitUntil(() => said(text).length >= count, WAIT)
  }
  return { master, figures, said, says }
}

describe('a master', { timeout: 60_000 }, () => {
  it('says once that a worker is replaced, however long its successor takes to start', async () => {
    const { master, said, says } = crewOf(1, { maxRequests: 1_000 })
    await master.open()
    vi.stubEnv('FAKE_STARTS_MS', '300')
    await says('takes connections', 2)
    await master.close()
    expect(said('is replaced').length).toBeLessThanOrEqual(said('takes connections').length)
  })

  it('replaces a worker whose app has closed the channel, while that worker runs on', async () => {
    vi.stubEnv('FAKE_DISCONNECTS', '1')
    const { master, said, says } = crewOf(1)
    await master.open()
    vi.stubEnv('FAKE_DISCONNECTS', '')
    await says('has closed its channel to the master')
    await says('takes connections', 2)
    expect(said('has ended')).toEqual([])
  })

  it('ends cleanly after a reload that has cut connections', async () => {
    vi.stubEnv('FAKE_STATUS', '1')
    const { master, figures } = crewOf(1)
    const ended = vi.spyOn(figures, 'ended')
    await master.open()
    vi.stubEnv('FAKE_STATUS', '0')
    expect(await master.reload()).toEqual({ workers: 1, failure: null })
    await vi.waitUntil(() => ended.mock.calls.length === 1, WAIT)
    expect(await master.close()).toEqual({ forced: false })
  })

  it('says that the number of workers stays, at the limit and at the last one', async () => {
    const { master, said } = crewOf(1)
    await master.open()
    for (const by of [1, 1, 1, -1, -1] as const) master.resize(by)
    expect(said('the number of workers')).toEqual([
      'the number of workers is 2 now',
      'the number of workers stays 2: a start with --workers allows more',
      'the number of workers stays 2: a start with --workers allows more',
      'the number of workers is 1 now',
      'the number of workers stays 1: the last one stays',
    ])
  })

  it('serves on if the system refuses a new process', async () => {
    const { master } = crewOf(1)
    await master.open()
    // The path of a file in a file: fork() throws.
    const path = vi.spyOn(process, 'execPath', 'get').mockReturnValue('/etc/passwd/node')
    const { failure } = await master.reload()
    expect(failure?.text).toContain('a worker process cannot be started: spawn')
    path.mockRestore()
    expect((await master.reload()).failure).toBe(null)
  })
})
