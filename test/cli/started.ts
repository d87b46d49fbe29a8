// A command that a user starts in a folder, such as npm, npx or a shell, with all processes that it starts.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { vi } from 'vitest'
import type { ChildProcess } from 'node:child_process'

const DEADLINE_MS = 40_000

/** The place of a command, and its resources. */
export interface Place {
  cwd: string
  /** Variables besides those of this process. */
  env?: Record<string, string>
  /** A descriptor of this process that is descriptor 3 of the command. */
  fd?: number
}

/** A running command. Its outputs are those of its children too, so `ended` is the end of all of them. */
export class Started implements Disposable {
  readonly child: ChildProcess
  readonly ended: Promise<unknown>
  #output = ''

  constructor(command: string, words: readonly string[], { cwd, env = {}, fd }: Place) {
    this.child = spawn(command, words, {
      cwd,
      env: { ...userEnvironment(), ...env },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', ...(fd === undefined ? [] : [fd])],
    })
    this.ended = once(this.child, 'close', { signal: AbortSignal.timeout(2 * DEADLINE_MS) })
    this.ended.catch(() => undefined)
    this.child.on('error', (error) => (this.#output += error.message))
    this.child.stdin?.on('error', () => undefined)
    this.child.stdout?.on('data', (chunk) => (this.#output += String(chunk)))
    this.child.stderr?.on('data', (chunk) => (this.#output += String(chunk)))
  }

  /** Both outputs up to now. */
  get output(): string {
    return this.#output
  }

  /** Waits for `text` in the output, and returns its first group. @throws Error with the output if it does not come */
  async says(text: RegExp): Promise<string> {
    const found = await vi
      .waitUntil(() => text.exec(this.#output) ?? this.#isOver(), { timeout: DEADLINE_MS })
      .catch(() => null)
    if (found === null || found === true) throw new Error(`no ${text} in: ${this.#output}`)
    return found[1] ?? ''
  }

  /** Waits for the line with the address, and returns the address. */
  url(): Promise<string> {
    return this.says(/listening on (http\S+)\n/)
  }

  /** Waits for the end. @returns the exit status, or the name of the signal that ended the command */
  async status(): Promise<number | string | null> {
    await this.ended
    return this.child.exitCode ?? this.child.signalCode
  }

  /** Ends the whole group. */
  kill(): void {
    const { pid } = this.child
    // It did not start. A signal to group 0 would end this process.
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }

  [Symbol.dispose](): void {
    this.kill()
  }

  #isOver(): true | null {
    return this.child.stdout?.readableEnded === true ? true : null
  }
}

// This process may itself be a script of npm.
function userEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env)
  return Object.fromEntries(
    entries.filter(([name]) => !/^(npm_|VITEST|NODE_ENV$|NODE_OPTIONS$|CI$)/.test(name)),
  )
}
