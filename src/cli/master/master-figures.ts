// The figures of all workers in their master: those of now, the last known ones of a silent worker, and the sum of those that
// have ended.

import { performance } from 'node:perf_hooks'
import { LoopTime } from '../../figures/loop-time.ts'
import { ProcessFigures } from '../../figures/process-figures.ts'
import { processTimes } from '../../figures/process-times.ts'
import { mergedReport, withEndedWorker } from '../../report/workers/merged-report.ts'
import { IpcRequests } from '../ipc-requests.ts'
import type { Report, WorkerReport } from '../../contract/report.ts'
import type { ProcessMetrics } from '../../report/metrics/prometheus.ts'
import type { WorkerFacts } from '../../report/workers/merged-report.ts'
import type { Totals } from '../../report/workers/merged-totals.ts'
import type { MasterRequest, WorkerFigures, WorkerRequest } from '../operator-requests.ts'
import type { Peer } from '../ipc-requests.ts'

const DEADLINE_MS = 1_000
/** A worker that is killed takes the counts since its last report along. */
const REFRESH_MS = 10_000

/** A worker, as its master knows it. */
interface Member {
  readonly number: number
  readonly child: Peer & { readonly pid?: number | undefined }
}

/** The figures of all workers. */
interface MergedReport {
  readonly report: Report
  /** The metrics of the processes by the numbers of their workers; empty if they were not wanted. */
  readonly metrics: ReadonlyMap<string, ProcessMetrics>
}

interface Known {
  readonly member: Member
  readonly requests: IpcRequests
  readonly facts: Pick<WorkerFacts, 'predecessors' | 'crashes'>
  state: WorkerReport['state']
  report: Report | null
  metrics: ProcessMetrics | null
  answered: boolean
  /** Whether the worker has asked for the changes of migrations: it gets further ones. */
  isPrepared: boolean
}

/** Asks the workers, and keeps their figures. Its owner closes it. */
export class MasterFigures {
  readonly #answer: (request: MasterRequest) => Promise<unknown>
  readonly #known = new Map<Member, Known>()
  readonly #places = new Map<number, { processes: number; crashes: number }>()
  readonly #startedAt = performance.now()
  readonly #process = new ProcessFigures(processTimes(this.#startedAt))
  readonly #loop = new LoopTime()
  readonly #collecting = new Map<boolean, Promise<MergedReport>>()
  #timer: NodeJS.Timeout | undefined
  #ended: Totals | null = null

  /** @param answer gives the result of a request of a worker, except for `last` */
  constructor(answer: (request: MasterRequest) => Promise<unknown>) {
    this.#answer = answer
  }

  /** Asks for the figures now and then, for the sake of the counters of a worker that is killed. */
  keepFresh(): void {
    this.#timer = setInterval(() => void this.collect(false), REFRESH_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  // --- the life of a worker ---

  started(member: Member): void {
    const place = this.#places.get(member.number) ?? { processes: 0, crashes: 0 }
    const facts = { predecessors: place.processes, crashes: place.crashes }
    place.processes += 1
    this.#places.set(member.number, place)
    const known: Known = {
      member,
      requests: new IpcRequests(member.child, `worker ${member.number}`, (request) =>
        this.#take(known, request as MasterRequest),
      ),
      facts,
      state: 'starting',
      report: null,
      metrics: null,
      answered: false,
      isPrepared: false,
    }
    this.#known.set(member, known)
  }

  ready(member: Member): void {
    this.#setState(member, 'ready')
  }

  drains(member: Member): void {
    this.#setState(member, 'draining')
  }

  /** @param hasCrashed whether it has ended by itself */
  ended(member: Member, hasCrashed: boolean): void {
    const place = this.#places.get(member.number)
    if (place && hasCrashed) place.crashes += 1
    const report = this.#known.get(member)?.report
    this.#known.delete(member)
    if (report) this.#ended = withEndedWorker(this.#ended, report)
  }

  // --- the figures ---

  /** The figures of now. Calls at the same time share one. */
  collect(withMetrics: boolean): Promise<MergedReport> {
    const running = this.#collecting.get(withMetrics)
    if (running) return running
    const collected = this.#collect(withMetrics).finally(() => {
      this.#collecting.delete(withMetrics)
    })
    this.#collecting.set(withMetrics, collected)
    return collected
  }

  /** Asks each worker that has asked for the changes of migrations; the others get them later. */
  askPrepared(request: WorkerRequest, deadlineMs: number): Array<Promise<unknown>> {
    return [...this.#known.values()]
      .filter(({ isPrepared }) => isPrepared)
      .map(({ requests }) => requests.ask(request, deadlineMs))
  }

  async #collect(withMetrics: boolean): Promise<MergedReport> {
    await Promise.all([...this.#known.values()].map((known) => this.#refresh(known, withMetrics)))
    const times = processTimes(performance.now())
    this.#process.sample(times)
    const workers = [...this.#known.values()].toSorted((a, b) => a.member.number - b.member.number)
    const report = mergedReport({
      master: this.#process.report(times, this.#loop),
      uptimeMs: times.at - this.#startedAt,
      workers: workers.map(({ member, state, facts, report: last, answered }) => {
        const { number: worker, child } = member
        return { facts: { worker, pid: child.pid ?? 0, state, ...facts }, report: last, answered }
      }),
      ended: this.#ended,
    })
    const ready = workers.filter(({ state }) => state === 'ready')
    const metrics = ready.flatMap(({ member, metrics: own }) =>
      own ? [[String(member.number), own] as const] : [],
    )
    return { report, metrics: new Map(withMetrics ? metrics : []) }
  }

  async #refresh(known: Known, withMetrics: boolean): Promise<void> {
    try {
      const answer = await known.requests.ask({ type: 'figures', withMetrics }, DEADLINE_MS)
      const { report, metrics } = answer as WorkerFigures
      known.answered = true
      known.report = report ?? known.report
      known.metrics = metrics ?? known.metrics
    } catch {
      known.answered = false
    }
  }

  async #take(known: Known, request: MasterRequest): Promise<unknown> {
    if (request.type === 'last') {
      known.report = request.report
      return null
    }
    if (request.type === 'changes') known.isPrepared = true
    return this.#answer(request)
  }

  #setState(member: Member, state: Known['state']): void {
    const known = this.#known.get(member)
    if (known) known.state = state
  }
}
