// One process of a pool: its start, its output, the stack of its code, and its end.

import { spawn } from 'node:child_process'
import { readLines } from './output-lines.ts'
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** The stack of a process is whole when nothing follows for this time, in ms. */
const QUIET_MS = 50
/** A process that writes no stack has this long, in ms. */
const SAMPLE_MS = 1_000

/** How a process starts. */
export interface ChildSettings {
  /** The program and its arguments. */
  command: readonly [file: string, ...words: string[]]
  cwd: string
  env: NodeJS.ProcessEnv
}

/** The owner of a process. */
interface ChildOwner {
  /** A line that the app has written. */
  onText(level: 'info' | 'warn', text: string): void
  /** The program could not be started. {@link onExit} follows. */
  onSpawnError(error: Error): void
  /** The process is gone, and everything that it has sent is read. `end` says how it ended. */
  onExit(end: string): void
}

/** Leads a group, in which the processes are that its app starts. */
export class Child {
  /** One of a pair of sockets, whose other end no other process can reach. */
  readonly socket: Socket
  readonly #process: ChildProcess
  readonly #owner: ChildOwner

  constructor({ command, cwd, env }: ChildSettings, owner: ChildOwner) {
    const [file, ...words] = command
    this.#owner = owner
    // Descriptor 3 has the frames, and 4 the stacks.
    this.#process = spawn(file, words, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      detached: true,
    })
    this.socket = this.#process.stdio[3] as Socket
    this.#listen()
  }

  /** Undefined if the program could not be started. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Ends the process and its group at once. */
  kill(): void {
    const { pid } = this.#process
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {
      // It is gone.
    }
  }

  /** Returns the stack by faulthandler, which writes it also while C code runs; undefined if none comes in a second. */
  sampleStack(): Promise<string | undefined> {
    const output = this.#process.stdio[4] as Readable
    let text = ''
    return new Promise((resolve) => {
      const finish = (): void => {
        output.off('data', take)
        resolve(text.trim() || undefined)
      }
      let timer = setTimeout(finish, SAMPLE_MS)
      const take = (bytes: Buffer): void => {
        text += bytes.toString()
        clearTimeout(timer)
        timer = setTimeout(finish, QUIET_MS)
      }
      output.on('data', take)
      this.#process.kill('SIGUSR2')
    })
  }

  #listen(): void {
    const child = this.#process
    const streams = child.stdio as ReadonlyArray<Socket | null | undefined>
    // The end of the process is reported by its exit.
    for (const stream of streams) stream?.on('error', () => undefined)
    readLines(child.stdout as Readable, (text) => this.#owner.onText('info', text))
    readLines(child.stderr as Readable, (text) => this.#owner.onText('warn', text))
    child.on('error', (error) => this.#failed(error))
    child.on('exit', (status, signal) => {
      const end = signal === null ? `its status was ${status}` : `it was ended by ${signal}`
      if (this.socket.closed) this.#owner.onExit(end)
      else this.socket.once('close', () => this.#owner.onExit(end))
    })
    // An idle pool does not keep the process of the server.
    child.unref()
    for (const stream of streams) stream?.unref()
  }

  #failed(error: Error): void {
    // A signal to a process that is gone is no failure of the start.
    if (this.pid !== undefined) return
    this.#owner.onSpawnError(error)
    this.#owner.onExit('it was not started')
  }
}
