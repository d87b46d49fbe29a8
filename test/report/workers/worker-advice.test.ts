// The advice on workers.

import { describe, expect, it } from 'vitest'
import { workerAdvice } from '../../../src/report/workers/worker-advice.ts'
import { EXAMPLE_WORKER } from '../example-report.ts'
import type { WorkerReport } from '../../../src/contract/report.ts'

const WORKER: WorkerReport = { ...EXAMPLE_WORKER, pid: 11, loopUtilization: 0.2, predecessors: 0 }

function texts(...workers: WorkerReport[]): string[] {
  return workerAdvice(workers).map(({ kind, text }) => `${kind}: ${text}`)
}

describe('the advice on workers', () => {
  it('is none for workers that share the work', () => {
    const busy = { ...WORKER, loopUtilization: 0.95 }
    expect(texts(WORKER, WORKER)).toEqual([])
    expect(texts(busy, { ...busy, loopUtilization: 0.7 })).toEqual([])
    expect(texts(busy)).toEqual([])
  })

  it('names a worker that does not answer, unless it starts', () => {
    const silent = { ...WORKER, answered: false }
    expect(texts(silent)).toEqual([
      'worker-is-silent: worker 1 (process 11) has not answered within a second: its event loop stands still, ' +
        'or the machine is too busy. Its figures are old.',
    ])
    expect(texts({ ...silent, state: 'starting' })).toEqual([])
  })

  it('names a worker whose processes end by themselves, from the second time on', () => {
    expect(texts({ ...WORKER, crashes: 1 })).toEqual([])
    expect(texts({ ...WORKER, crashes: 2 })).toEqual([
      'worker-crashes: worker 1 has ended by itself 2 times. The log has the reasons.',
    ])
  })

  it('names a worker that has most of the work', () => {
    const [finding] = texts(WORKER, { ...WORKER, worker: 2, loopUtilization: 0.91 })
    expect(finding).toMatch(
      /^uneven-workers: worker 2 has a busy event loop 91 % of the time, and worker 1 20 %: /,
    )
  })
})
