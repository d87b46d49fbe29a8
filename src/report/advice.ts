// The advice of a report: its findings in words, each with its figures and a remedy.

import { loopTimeMs } from './loop-time-ms.ts'
import { workerAdvice } from './workers/worker-advice.ts'
import type {
  Advice,
  MigrationReport,
  MountReport,
  PoolReport,
  Report,
} from '../contract/report.ts'

// One block may be the start of an app, which loads its modules at the first request.
const MIN_BLOCKS = 3
// A few slow requests say nothing about an app.
const MIN_REQUESTS = 20
// A person notices a tenth of a second.
const LONG_WAIT_MS = 100
const SLOW_HEAD_MS = 100
const SLOWEST_HEAD_MS = 500
const MIN_ERRORS = 5
const MIN_ERROR_SHARE = 0.01
// With fewer comparisons a difference of one answer in a thousand is probably not seen.
const MIN_COMPARED = 1_000
const BUSY_POOL = 0.5
// The shares of a migration, one after the other.
const STEPS = [0.1, 0.5, 1]

/** Finds the faults of a server and the next step of its migration. The most urgent finding comes first. */
export function adviceOn(report: Omit<Report, 'advice'>): Advice[] {
  const { mounts, migrations, workers } = report
  const loopMs = loopTimeMs(report)
  return [
    ...workerAdvice(workers),
    ...mounts.toSorted(byBlocks).flatMap((mount) => blocksTheLoop(mount, loopMs)),
    ...mounts.flatMap(waitsForAThread),
    ...mounts.flatMap(slowUpstream),
    ...mounts.flatMap(errors),
    ...migrations.flatMap(mismatches),
    ...migrations.flatMap(canSwitch),
    ...migrateNext(mounts),
  ]
}

function byBlocks(a: MountReport, b: MountReport): number {
  return b.loop.longestBlockMs - a.loop.longestBlockMs
}

function blocksTheLoop({ path, loop }: MountReport, loopMs: number): Advice[] {
  if (loop.blocks < MIN_BLOCKS) return []
  const { blocks, longestBlockMs, busyMs } = loop
  const finding =
    `holds the event loop: ${blocks} times for 25 ms or longer, at most ${ms(longestBlockMs)}, ` +
    `${percent(busyMs / loopMs)} of the time. All other requests and WebSockets wait meanwhile`
  return advice('blocks-the-loop', path, `${finding}. Host it with threads()`)
}

function waitsForAThread({ path, hosting, requests, pool }: MountReport): Advice[] {
  if (!pool || requests.total < MIN_REQUESTS) return []
  if (!hasLongWaits(pool) && pool.refused === 0) return []
  const host = hosting === 'python' ? 'process' : 'thread'
  const flag = hosting === 'python' ? '--python-processes' : '--threads'
  const refused = pool.refused > 0 ? `, ${pool.refused} got 503` : ''
  const finding =
    `has requests that wait for a ${host}: ${ms(pool.waitMs.p99)} at p99, beside ${ms(pool.runMs.p50)} of work; ` +
    `${pool.queued} wait now${refused}; ${pool.ready} ${plural(host, pool.ready)}, busy ${percent(pool.utilization)} of the time`
  return advice(
    'waits-for-a-thread',
    path,
    `${finding}. Raise ${flag}, or make its requests shorter`,
  )
}

function slowUpstream({ path, targets }: MountReport): Advice[] {
  return targets.flatMap(({ url, state, completed, failed, headMs }) => {
    if (state === 'down') {
      return advice(
        'slow-upstream',
        path,
        `has a target that is down: ${url}, after ${failed} failures. Look at the log of that server`,
      )
    }
    const isSlow = headMs.p50 >= SLOW_HEAD_MS || headMs.p99 >= SLOWEST_HEAD_MS
    if (completed < MIN_REQUESTS || !isSlow) return []
    const finding = `waits for ${url}: ${ms(headMs.p50)} to the head of a response at p50, ${ms(headMs.p99)} at p99`
    return advice(
      'slow-upstream',
      path,
      `${finding}. The time is spent in that server, not in this one`,
    )
  })
}

function errors({ path, requests }: MountReport): Advice[] {
  const failed = (requests.byClass['5'] ?? 0) + requests.aborted
  if (failed < MIN_ERRORS || failed < requests.total * MIN_ERROR_SHARE) return []
  const finding = `fails: ${failed} of ${requests.total} requests had a status of 5xx or broke off`
  return advice('errors', path, `${finding}. The log has the errors`)
}

function mismatches({ path, shadow }: MigrationReport): Advice[] {
  if (!shadow || shadow.mismatches + shadow.failed === 0) return []
  const [last] = shadow.last
  const [difference] = last?.differences ?? []
  const where =
    last && difference ? `; the last one: ${difference.part} of ${last.method} ${last.path}` : ''
  const failed = shadow.failed > 0 ? ` and ${shadow.failed} had no answer` : ''
  const finding = `has a new app of which ${shadow.mismatches} of ${shadow.compared} answers differ${failed}${where}`
  return advice('mismatches', path, `${finding}. Correct the new app before you raise the share`)
}

function canSwitch({ path, share, shadow, to }: MigrationReport): Advice[] {
  if (!shadow || share === 1 || shadow.compared < MIN_COMPARED) return []
  if (shadow.mismatches + shadow.failed + to.errors > 0) return []
  const finding = `has a new app that gave the same answer ${shadow.compared} times out of ${shadow.compared}`
  const next = STEPS.find((step) => step > share) ?? 1
  return advice(
    'can-switch',
    path,
    `${finding}. Raise the share: isthmus migrate set ${path} --share ${next}`,
  )
}

// One route at a time: the sync app that keeps its threads or processes busiest.
function migrateNext(mounts: readonly MountReport[]): Advice[] {
  const [next] = mounts
    .filter(({ hosting, pool, requests, style }) => {
      if (!pool || style !== 'sync' || hosting === 'migration') return false
      if (requests.total < MIN_REQUESTS) return false
      return pool.utilization >= BUSY_POOL || hasLongWaits(pool)
    })
    .toSorted((a, b) => (b.pool?.utilization ?? 0) - (a.pool?.utilization ?? 0))
  if (!next?.pool) return []
  const { path, pool, requests } = next
  const finding =
    `keeps its ${next.hosting === 'python' ? 'processes' : 'threads'} busy ${percent(pool.utilization)} of the time, ` +
    `with ${requests.perSecond.toFixed(1)} requests a second of ${ms(pool.runMs.p50)} each`
  return advice(
    'migrate-next',
    path,
    `${finding}. If that time is waiting, an app that awaits needs no thread for it: move this route next, with migrate()`,
  )
}

// A wait that is shorter than the work of one request is the usual end of a burst.
function hasLongWaits({ waitMs, runMs }: PoolReport): boolean {
  return waitMs.p99 >= LONG_WAIT_MS && waitMs.p99 >= runMs.p50
}

function advice(kind: Advice['kind'], path: string, finding: string): Advice[] {
  return [{ kind, path, text: `${path} ${finding}.` }]
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function plural(word: string, count: number): string {
  if (count === 1) return word
  return word.endsWith('s') ? `${word}es` : `${word}s`
}
