// The mounts of several processes as one table.

import { mergedDurations, mergedStats } from './counted.ts'
import { grouped, largestOf, sumOf, sumsByName } from './sums.ts'
import type {
  DurationCounts,
  LoopReport,
  MountReport,
  PoolReport,
  TargetReport,
} from '../../contract/report.ts'

/** One mount for each path. The first process that has it says its style and its hosting. */
export function mergedMounts(tables: ReadonlyArray<readonly MountReport[]>): MountReport[] {
  return [...grouped(tables, ({ path }) => path).values()].map(mergedMount)
}

function mergedMount(mounts: readonly [MountReport, ...MountReport[]]): MountReport {
  const [{ path, hosting }] = mounts
  const requests = mounts.map((mount) => mount.requests)
  return {
    path,
    style: mounts.find(({ style }) => style !== null)?.style ?? null,
    hosting,
    requests: {
      inFlight: sumOf(requests, ({ inFlight }) => inFlight),
      total: sumOf(requests, ({ total }) => total),
      perSecond: sumOf(requests, ({ perSecond }) => perSecond),
      byClass: sumsByName(requests.map(({ byClass }) => byClass)),
      disconnected: sumOf(requests, ({ disconnected }) => disconnected),
      aborted: sumOf(requests, ({ aborted }) => aborted),
    },
    webSockets: {
      open: sumOf(mounts, ({ webSockets }) => webSockets.open),
      total: sumOf(mounts, ({ webSockets }) => webSockets.total),
    },
    latencyMs: mergedDurations(mounts.map(({ latencyMs }) => latencyMs)),
    latencyCounts: mergedCounts(mounts.map(({ latencyCounts }) => latencyCounts)),
    loop: mergedLoop(mounts.map(({ loop }) => loop)),
    pool: mergedPool(mounts.map(({ pool }) => pool).filter((pool) => pool !== null)),
    targets: mergedTargets(mounts.map(({ targets }) => targets)),
  }
}

function mergedCounts(parts: readonly DurationCounts[]): DurationCounts {
  const bounds = parts[0]?.upTo ?? []
  return {
    count: sumOf(parts, ({ count }) => count),
    sumMs: sumOf(parts, ({ sumMs }) => sumMs),
    upTo: bounds.map(({ ms }, at) => ({
      ms,
      count: sumOf(parts, ({ upTo }) => upTo[at]?.count ?? 0),
    })),
  }
}

function mergedLoop(parts: readonly LoopReport[]): LoopReport {
  return {
    busyMs: sumOf(parts, ({ busyMs }) => busyMs),
    blocks: sumOf(parts, ({ blocks }) => blocks),
    longestBlockMs: largestOf(parts, ({ longestBlockMs }) => longestBlockMs),
  }
}

function mergedPool(parts: readonly PoolReport[]): PoolReport | null {
  if (parts.length === 0) return null
  const ready = sumOf(parts, (pool) => pool.ready)
  return {
    ready,
    loading: sumOf(parts, ({ loading }) => loading),
    inFlight: sumOf(parts, ({ inFlight }) => inFlight),
    queued: sumOf(parts, ({ queued }) => queued),
    refused: sumOf(parts, ({ refused }) => refused),
    timedOut: sumOf(parts, ({ timedOut }) => timedOut),
    crashes: sumOf(parts, ({ crashes }) => crashes),
    waitMs: mergedStats(parts.map(({ waitMs }) => waitMs)),
    runMs: mergedStats(parts.map(({ runMs }) => runMs)),
    // The hosts of a pool count as often as there are of them.
    utilization: sumOf(parts, (pool) => pool.utilization * pool.ready) / Math.max(ready, 1),
  }
}

function mergedTargets(lists: ReadonlyArray<readonly TargetReport[]>): TargetReport[] {
  return [...grouped(lists, ({ url }) => url).values()].map((targets) => ({
    url: targets[0].url,
    state: worstState(targets),
    inFlight: sumOf(targets, ({ inFlight }) => inFlight),
    completed: sumOf(targets, ({ completed }) => completed),
    failed: sumOf(targets, ({ failed }) => failed),
    retried: sumOf(targets, ({ retried }) => retried),
    headMs: mergedStats(targets.map(({ headMs }) => headMs)),
  }))
}

// Each process finds out by itself. An operator has to know of the first one that cannot reach the target.
function worstState(targets: readonly TargetReport[]): TargetReport['state'] {
  const states = targets.map(({ state }) => state)
  return (['down', 'returning'] as const).find((state) => states.includes(state)) ?? 'up'
}
