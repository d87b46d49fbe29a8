// The metrics of workers. The counters of a worker begin again with its successor; those of the server do not.

import { counter, gauge, sample } from './family.ts'
import type { WorkerReport } from '../../contract/report.ts'
import type { Family, Sample, Samples } from './family.ts'

const STATES = ['starting', 'ready', 'draining'] as const

/** The families of workers; they have no samples for a server in one process. */
export const WORKER_FAMILIES: readonly Family[] = [
  gauge('isthmus_workers', 'Worker processes, by state.', ({ workers }) =>
    workers.length === 0
      ? []
      : STATES.map((state) =>
          sample({ state }, workers.filter((worker) => worker.state === state).length),
        ),
  ),
  gauge(
    'isthmus_report_complete',
    'Whether all workers have answered for this scrape: else the last known figures of some count.',
    ({ workers, isComplete }) =>
      workers.length === 0 && isComplete ? [] : [sample({}, isComplete ? 1 : 0)],
  ),
  gauge(
    'isthmus_worker_answered',
    'Whether the worker has answered for this scrape.',
    eachWorker(({ answered }) => (answered ? 1 : 0)),
  ),
  gauge(
    'isthmus_worker_loop_utilization_ratio',
    'Busy part of the event loop of the worker in the last minute.',
    eachWorker(({ loopUtilization }) => loopUtilization),
  ),
  gauge(
    'isthmus_worker_active_requests',
    'Requests in flight in the worker.',
    eachWorker(({ requests }) => requests.inFlight),
  ),
  counter(
    'isthmus_worker_requests_total',
    'Requests of the process that is the worker now.',
    eachWorker(({ requests }) => requests.total),
  ),
  counter(
    'isthmus_worker_predecessors_total',
    'Processes that had the place of the worker before.',
    eachWorker(({ predecessors }) => predecessors),
  ),
  counter(
    'isthmus_worker_crashes_total',
    'Those of them that ended by themselves.',
    eachWorker(({ crashes }) => crashes),
  ),
].map((family) => ({ ...family, isForWorkers: true }))

// Beside its successor, a worker that drains has the same number.
function eachWorker(valueOf: (worker: WorkerReport) => number): Samples {
  return ({ workers }): Sample[] =>
    workers
      .filter(({ state }) => state === 'ready')
      .map((worker) => sample({ worker: String(worker.worker) }, valueOf(worker)))
}
