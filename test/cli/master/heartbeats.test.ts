// Workers without a beat: no further connection, and a kill.

import { describe, expect, it } from 'vitest'
import { MasterLog } from '../../../src/cli/master/master-log.ts'
import { Heartbeats } from '../../../src/cli/master/heartbeats.ts'
import { SILENT_LOG } from '../../../src/silent-log.ts'
import type { WorkerProcess } from '../../../src/cli/master/worker-process.ts'

function watched(timeoutMs: number): {
  beats: Heartbeats
  worker: WorkerProcess
  kills: () => number
} {
  let kills = 0
  const worker = {
    fields: { worker: 1, workerPid: 1 },
    target: { isPrompt: true },
    kill: () => (kills += 1),
  } as unknown as WorkerProcess
  const beats = new Heartbeats(timeoutMs, new MasterLog(SILENT_LOG))
  beats.check(0)
  beats.watch(worker, 0)
  return { beats, worker, kills: () => kills }
}

function pass(beats: Heartbeats, from: number, to: number): void {
  for (let now = from; now <= to; now += 500) beats.check(now)
}

describe('the beats of a worker', () => {
  it('keep it in turn, also again after a silence', () => {
    const { beats, worker } = watched(30_000)
    pass(beats, 500, 2_000)
    expect(worker.target.isPrompt).toBe(true)
    pass(beats, 2_500, 3_000)
    expect(worker.target.isPrompt).toBe(false)
    beats.beat(worker, 3_200)
    expect(worker.target.isPrompt).toBe(true)
    pass(beats, 3_500, 5_500)
    expect(worker.target.isPrompt).toBe(true)
  })

  it('end by a kill a while after the limit, in which the worker writes its stack', () => {
    const { beats, kills } = watched(4_000)
    pass(beats, 500, 8_500)
    expect(kills()).toBe(0)
    pass(beats, 9_000, 20_000)
    expect(kills()).toBe(1)
  })

  it('may be missing for ever without a limit', () => {
    const { beats, kills } = watched(0)
    pass(beats, 500, 600_000)
    expect(kills()).toBe(0)
  })

  it('are not missed while the master itself stood still', () => {
    const { beats, worker, kills } = watched(4_000)
    beats.check(60_000)
    pass(beats, 60_500, 62_000)
    expect([worker.target.isPrompt, kills()]).toEqual([true, 0])
  })
})
