// One worker, in the eyes of its master.

import { ChildProcess, fork } from 'node:child_process'
import { ChildTarget } from '../child-target.ts'
import { isMessage, STOP } from '../connection-messages.ts'
import { fromWorker, WORKER_VARIABLE } from '../worker-messages.ts'
import type { Failure } from '../report-failure.ts'
import type { Beat, FromMaster } from '../worker-messages.ts'
import type { WorkerProgram } from './worker-program.ts'

/** The end of a worker. */
export interface WorkerEnd {
  /** Null if a signal ended it, or if it could not be started. */
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  /** The failure of the app, if the app did not load or start. */
  readonly failure: Failure | null
}

/** The owner of a worker. */
export interface WorkerOwner {
  onReady(worker: WorkerProcess): void
  onBeat(worker: WorkerProcess, beat: Beat): void
  onLeave(worker: WorkerProcess, reason: string): void
  /** The worker wants no further connection. */
  onStop(worker: WorkerProcess): void
  /** The process runs, and its channel is closed: the app has disconnected it. The worker drains by itself. */
  onLost(worker: WorkerProcess): void
  onEnd(worker: WorkerProcess, end: WorkerEnd): void
}

/** The `exit` event of a process may come before its last messages, and after the end of its channel. */
const LAST_MESSAGES_MS = 1_000

/** A process of the same command. Its owner ends it. */
export class WorkerProcess {
  readonly id: number
  /** The number in the log. */
  readonly number: number
  readonly child: ChildProcess
  readonly target: ChildTarget
  readonly #owner: WorkerOwner
  #failure: Failure | null = null
  #isEnded = false

  constructor(id: number, number: number, program: WorkerProgram, owner: WorkerOwner) {
    this.id = id
    this.number = number
    this.#owner = owner
    this.child = forkedOrFailed(number, program)
    this.target = new ChildTarget(this.child)
    this.child.on('message', (message) => this.#onMessage(message))
    this.child.on('error', (error) => this.#onError(error))
    this.child.once('disconnect', () => {
      setTimeout(() => this.#onDisconnected(), LAST_MESSAGES_MS).unref()
    })
    this.child.once('exit', () => {
      setTimeout(() => this.#end(), LAST_MESSAGES_MS).unref()
    })
    this.child.once('close', () => this.#end())
  }

  /** The fields of a line of the log about it. */
  get fields(): { worker: number; workerPid: number | undefined } {
    return { worker: this.number, workerPid: this.child.pid }
  }

  send(message: FromMaster): void {
    // A worker that has ended gets no message; `onEnd` tells.
    if (this.child.connected) this.child.send(message, () => undefined)
  }

  /** Ends the process at once. */
  kill(): void {
    this.child.kill('SIGKILL')
  }

  #onMessage(given: unknown): void {
    if (isMessage(given, STOP)) return this.#owner.onStop(this)
    const message = fromWorker(given)
    switch (message?.type) {
      case 'isthmus.worker.ready':
        return this.#owner.onReady(this)
      case 'isthmus.worker.beat':
        return this.#owner.onBeat(this, message)
      case 'isthmus.worker.leave':
        return this.#owner.onLeave(this, message.reason)
      case 'isthmus.worker.failed':
        this.#failure = message
        return
      case undefined:
    }
  }

  #onError(error: Error): void {
    // An error of a running process concerns a message to it.
    if (this.child.pid !== undefined) return
    const text = `a worker process cannot be started: ${error.message}`
    this.#failure = { text, status: 1 }
    this.#end()
  }

  #onDisconnected(): void {
    const { exitCode, signalCode } = this.child
    if (exitCode === null && signalCode === null) this.#owner.onLost(this)
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const { exitCode: status, signalCode: signal } = this.child
    this.#owner.onEnd(this, { status, signal, failure: this.#failure })
  }
}

// For some faults of the system, such as ENOMEM, fork() throws; for others, the process has an `error`.
function forkedOrFailed(number: number, program: WorkerProgram): ChildProcess {
  const { directory, file, fault } = program
  try {
    // For the system, the program of node is not there if its directory is not.
    if (fault !== null) throw new Error(fault)
    return fork(file, process.argv.slice(2), {
      cwd: directory,
      env: { ...process.env, [WORKER_VARIABLE]: String(number) },
      execArgv: process.execArgv.map(withFreePort),
      // Each reader of one stdin would get a part of the input.
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  } catch (error) {
    const failed = new ChildProcess()
    process.nextTick(() => failed.emit('error', error))
    return failed
  }
}

// Each process has its own port of the inspector.
function withFreePort(argument: string): string {
  return argument.replace(/^(--inspect(?:-brk|-wait)?)(?:=.*)?$/, '$1=0')
}
