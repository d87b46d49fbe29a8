// The requests of the control socket, and the way of a worker to the master that has it. Types only.

import type { HeaderPairs } from './events.ts'

/** A request of the control socket. */
export interface ControlRequest {
  method: string
  path: string
  /** Without the question mark. */
  queryString: string
  headers: HeaderPairs
  body: string
  /** The source of a change, for the log; empty for the control socket. */
  by: string
}

/** The answer to it: a whole body. */
export interface ControlAnswer {
  status: number
  headers: HeaderPairs
  body: string
}

/** The master of a worker: it knows the figures of all workers. */
export interface ControlMaster {
  /** Rejects if the master has not answered in time, or has ended. */
  ask(request: ControlRequest): Promise<ControlAnswer>
}

/** The end of a reload. */
export interface ReloadOutcome {
  /** The workers that are new; 0 for a server in one process. */
  workers: number
  /** The pools of threads and processes in which all hosts are new; 0 for a server with workers. */
  pools: number
  /** The reasons why code did not load: the old one serves on there. */
  errors: string[]
}
