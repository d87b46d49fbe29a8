// The lines of a master about its workers.

import { FAILED } from '../report-failure.ts'
import type { Log } from '../../contract/log.ts'
import type { Failure } from '../report-failure.ts'
import type { WorkerEnd, WorkerProcess } from './worker-process.ts'

/** The failure of a start whose last worker ended so; null if none has ended. */
export function failureOf(end: WorkerEnd | null): Failure {
  if (end?.failure) return end.failure
  const text = `a worker ${end ? endWords(end) : 'has ended'} before it was ready`
  return { text, status: FAILED }
}

/** The words for the end of a worker, after its name. */
function endWords({ status, signal }: WorkerEnd): string {
  if (signal !== null) return `was ended by ${signal}`
  return status === null ? 'did not start' : `has ended with exit status ${status}`
}

/** The state of a worker when it ended, and the wait for its successor. */
interface Circumstances {
  readonly wasReady: boolean
  readonly delayMs: number
  readonly crashes: number
}

/** Writes one line for each event that an operator wants to know. */
export class MasterLog {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  ready({ fields }: WorkerProcess): void {
    this.#log.debug(fields, `worker ${fields.worker} takes connections`)
  }

  leaves({ fields }: WorkerProcess, reason: string): void {
    this.#log.info({ ...fields, reason }, `worker ${fields.worker} is replaced: ${reason}`)
  }

  ended({ fields }: WorkerProcess, end: WorkerEnd, circumstances: Circumstances): void {
    const { wasReady, delayMs, crashes } = circumstances
    const { status, signal, failure } = end
    const row = crashes > 1 ? `, after ${crashes} ends in a row` : ''
    const next = delayMs > 0 ? `a new one starts in ${delayMs / 1000} s${row}` : 'a new one starts'
    const what = wasReady
      ? endWords(end)
      : `did not start (${failure ? firstLine(failure) : endWords(end)})`
    this.#log.error(
      { ...fields, status, signal, crashes, ...stackOf(failure) },
      `worker ${fields.worker} ${what}; ${next}`,
    )
  }

  silent({ fields }: WorkerProcess): void {
    this.#log.warn(
      fields,
      `the event loop of worker ${fields.worker} stands still: the worker gets no connection until it turns again`,
    )
  }

  stuck({ fields }: WorkerProcess, silentMs: number): void {
    this.#log.error(
      { ...fields, silentMs },
      `worker ${fields.worker} is killed: its event loop stands still, and so does its watch`,
    )
  }

  lost({ fields }: WorkerProcess): void {
    this.#log.error(
      fields,
      `worker ${fields.worker} has closed its channel to the master (process.disconnect); a new one starts`,
    )
  }

  late({ fields }: WorkerProcess, isDraining: boolean): void {
    const what = isDraining ? 'drain' : 'start'
    this.#log.error(fields, `worker ${fields.worker} did not ${what} in time: it is killed`)
  }

  resized(before: number, size: number): void {
    // A master that ends has no places.
    if (size === 0) return
    const fields = { workers: size }
    if (size !== before) return this.#log.info(fields, `the number of workers is ${size} now`)
    const remedy = size === 1 ? 'the last one stays' : 'a start with --workers allows more'
    this.#log.warn(fields, `the number of workers stays ${size}: ${remedy}`)
  }

  reloaded(workers: number, failure: Failure | null): void {
    if (failure === null) return this.#log.info({ workers }, 'reloaded')
    this.#log.error(
      stackOf(failure),
      `the reload has failed, and the old workers stay: ${firstLine(failure)}`,
    )
  }
}

function firstLine({ text }: Failure): string {
  return text.split('\n', 1)[0] ?? text
}

// The form of an error, so that the log shows the stack as it shows all others.
function stackOf(failure: Failure | null): { err?: Error } {
  if (!failure?.text.includes('\n')) return {}
  return { err: Object.assign(new Error(firstLine(failure)), { stack: failure.text }) }
}
