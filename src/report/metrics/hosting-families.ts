// The metrics of apps in threads, in processes, and at other servers.

import { counter, gauge, quantiles, sample } from './family.ts'
import type { PoolReport, TargetReport } from '../../contract/report.ts'
import type { Family, Labels, Sample, Samples } from './family.ts'

/** The families of pools and of targets of `remote()`. */
export const HOSTING_FAMILIES: readonly Family[] = [
  gauge(
    'isthmus_pool_hosts',
    'Threads or processes of the pool, by state.',
    eachPool(({ ready, loading }, labels) => [
      sample({ ...labels, state: 'ready' }, ready),
      sample({ ...labels, state: 'loading' }, loading),
    ]),
  ),
  gauge(
    'isthmus_pool_active_requests',
    'Requests that have a host.',
    eachPool(({ inFlight }, labels) => [sample(labels, inFlight)]),
  ),
  gauge(
    'isthmus_pool_queued_requests',
    'Requests that wait for a host.',
    eachPool(({ queued }, labels) => [sample(labels, queued)]),
  ),
  gauge(
    'isthmus_pool_utilization_ratio',
    'Used part of the time of the hosts.',
    eachPool(({ utilization }, labels) => [sample(labels, utilization)]),
  ),
  gauge(
    'isthmus_pool_wait_seconds',
    'Time in the queue since the start of the pool.',
    eachPool(({ waitMs }, labels) => quantiles(labels, waitMs)),
  ),
  gauge(
    'isthmus_pool_run_seconds',
    'Time with a host since the start of the pool.',
    eachPool(({ runMs }, labels) => quantiles(labels, runMs)),
  ),
  counter(
    'isthmus_pool_refused_requests_total',
    'Requests that found the queue full, or waited too long.',
    eachPool(({ refused }, labels) => [sample(labels, refused)]),
  ),
  counter(
    'isthmus_pool_timed_out_requests_total',
    'Requests that took too long in their host.',
    eachPool(({ timedOut }, labels) => [sample(labels, timedOut)]),
  ),
  counter(
    'isthmus_pool_crashes_total',
    'Hosts that have ended by themselves.',
    eachPool(({ crashes }, labels) => [sample(labels, crashes)]),
  ),
  gauge(
    'isthmus_target_up',
    'Whether the target takes requests.',
    eachTarget(({ state }, labels) => [sample(labels, state === 'down' ? 0 : 1)]),
  ),
  gauge(
    'isthmus_target_active_requests',
    'Requests that the target has.',
    eachTarget(({ inFlight }, labels) => [sample(labels, inFlight)]),
  ),
  counter(
    'isthmus_target_requests_total',
    'Requests to the target, by result.',
    eachTarget(({ completed, failed, retried }, labels) => [
      sample({ ...labels, result: 'completed' }, completed),
      sample({ ...labels, result: 'failed' }, failed),
      sample({ ...labels, result: 'retried' }, retried),
    ]),
  ),
  gauge(
    'isthmus_target_head_seconds',
    'From the request to the head of the response.',
    eachTarget(({ headMs }, labels) => quantiles(labels, headMs)),
  ),
]

function eachPool(samplesOf: (pool: PoolReport, labels: Labels) => Sample[]): Samples {
  return ({ mounts }) =>
    mounts.flatMap(({ path, pool }) => (pool ? samplesOf(pool, { mount: path }) : []))
}

function eachTarget(samplesOf: (target: TargetReport, labels: Labels) => Sample[]): Samples {
  return ({ mounts }) =>
    mounts.flatMap(({ path, targets }) =>
      targets.flatMap((target) => samplesOf(target, { mount: path, target: target.url })),
    )
}
