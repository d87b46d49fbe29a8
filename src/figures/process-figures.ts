// The figures of the process: its memory now, its CPU time and its event loop over the last minute.

import { Minute } from './minute.ts'
import type { ProcessReport } from '../contract/report.ts'
import type { LoopTime } from './loop-time.ts'
import type { ProcessTimes } from './process-times.ts'

interface Sample {
  times: ProcessTimes | undefined
}

/** Keeps the times of the process at the start of each window of the last minute. */
export class ProcessFigures {
  readonly #minute: Minute<Sample>
  #last: ProcessTimes

  constructor(now: ProcessTimes) {
    this.#minute = new Minute({ make, clear }, now.at)
    this.#last = now
    this.sample(now)
  }

  /** Takes the times of now, if they are the first ones of their window. */
  sample(times: ProcessTimes): void {
    const sample = this.#minute.at(times.at)
    if (sample.times !== undefined) return
    sample.times = times
    this.#last = times
  }

  report(now: ProcessTimes, loop: LoopTime): ProcessReport {
    const memory = process.memoryUsage()
    const since = this.#since(now)
    const ms = Math.max(now.at - since.at, 1)
    const { blocks, longestBlockMs } = loop.report()
    return {
      pid: process.pid,
      node: process.versions.node,
      rssBytes: memory.rss,
      heapBytes: memory.heapUsed,
      cpu: Math.max((now.cpuMs - since.cpuMs) / ms, 0),
      loopUtilization: clamped(1 - (now.idleMs - since.idleMs) / ms),
      blocks,
      longestBlockMs,
    }
  }

  // Without a sample in the last minute the server was idle: then the times since the last sample count.
  #since(now: ProcessTimes): ProcessTimes {
    const samples = this.#minute.recent(now.at).map(({ times }) => times ?? this.#last)
    return samples.reduce((a, b) => (b.at < a.at ? b : a), this.#last)
  }
}

function make(): Sample {
  return { times: undefined }
}

function clear(sample: Sample): void {
  sample.times = undefined
}

function clamped(share: number): number {
  return Math.min(Math.max(share, 0), 1)
}
