// The advice on the workers of a server.

import type { Advice, WorkerReport } from '../../contract/report.ts'

const MIN_CRASHES = 2
// A worker that is so busy lets its own clients wait, while another one has time.
const BUSY = 0.8
const IDLE = 0.4

/** Finds workers that are silent, that crash, and that have more work than others. */
export function workerAdvice(workers: readonly WorkerReport[]): Advice[] {
  return [
    ...workers.flatMap(silent),
    ...workers.flatMap(crashing),
    ...uneven(workers.filter(({ state, answered }) => state === 'ready' && answered)),
  ]
}

function silent({ worker, pid, state, answered }: WorkerReport): Advice[] {
  if (answered || state === 'starting') return []
  const finding = `worker ${worker} (process ${pid}) has not answered within a second`
  const text = `${finding}: its event loop stands still, or the machine is too busy. Its figures are old.`
  return [{ kind: 'worker-is-silent', path: '', text }]
}

function crashing({ worker, crashes }: WorkerReport): Advice[] {
  if (crashes < MIN_CRASHES) return []
  const text = `worker ${worker} has ended by itself ${crashes} times. The log has the reasons.`
  return [{ kind: 'worker-crashes', path: '', text }]
}

// Connections are given out in turn, and stay: a few of them may have most of the requests.
function uneven(workers: readonly WorkerReport[]): Advice[] {
  const sorted = workers.toSorted((a, b) => b.loopUtilization - a.loopUtilization)
  const [busiest, idlest] = [sorted[0], sorted.at(-1)]
  if (!busiest || !idlest) return []
  if (busiest.loopUtilization < BUSY || idlest.loopUtilization > IDLE) return []
  const text =
    `worker ${busiest.worker} has a busy event loop ${percent(busiest.loopUtilization)} of the time, ` +
    `and worker ${idlest.worker} ${percent(idlest.loopUtilization)}: a few connections have most of the requests. ` +
    'Let the proxy or the clients use more connections, or close them after some requests.'
  return [{ kind: 'uneven-workers', path: '', text }]
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
