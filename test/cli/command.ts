// The isthmus command in a process of its own, as it is built: `npm test` builds it, and it starts faster than the sources.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEADLINE_MS = 40_000

/** The end of a process. */
export interface Ended {
  /** Null if a signal ended the process. */
  status: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** One line of the log. */
export type LogLine = Record<string, unknown>

/** A running command. The test that starts the command disposes it. */
export class Command implements Disposable {
  /** The child process; its stdin stays open until the dispose. */
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exit: Promise<unknown>
  #stdout = ''
  #stderr = ''

  constructor(words: string[], env: Record<string, string> = {}, cwd: string = ROOT) {
    this.#child = spawn(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...words], {
      cwd,
      env: { ...process.env, ...env },
    })
    this.#exit = once(this.#child, 'close')
    this.#child.stdin.on('error', () => undefined)
    this.#child.stdout.on('data', (chunk) => (this.#stdout += String(chunk)))
    this.#child.stderr.on('data', (chunk) => (this.#stderr += String(chunk)))
  }

  /** Waits until stdout has `text`, and returns stdout. */
  async says(text: string): Promise<string> {
    await this.#until(() => this.#stdout.includes(text), text)
    return this.#stdout
  }

  /** Waits until stderr has `text`, and returns stderr. */
  async logs(text: string): Promise<string> {
    await this.#until(() => this.#stderr.includes(text), text)
    return this.#stderr
  }

  /** Waits for the ready line, and returns the URL in it. */
  async url(): Promise<string> {
    const stdout = await this.says('isthmus listening on ')
    return /^isthmus listening on (\S+)$/m.exec(stdout)?.[1] ?? ''
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Ends its stdin. */
  release(): void {
    this.#child.stdin.end()
  }

  /** Closes the reading ends of stdout and stderr. */
  leaveUnread(): void {
    this.#child.stdout.destroy()
    this.#child.stderr.destroy()
  }

  async ended(): Promise<Ended> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), DEADLINE_MS)
    await this.#exit
    clearTimeout(timer)
    const { exitCode: status, signalCode: signal } = this.#child
    return { status, signal, stdout: this.#stdout, stderr: this.#stderr }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
    this.#child.stdin.destroy()
  }

  async #until(isSo: () => boolean, text: string): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS
    while (!isSo()) {
      const { exitCode, signalCode } = this.#child
      if (exitCode !== null || signalCode !== null || Date.now() > deadline) {
        throw new Error(`it never said "${text}": ${this.#stdout}${this.#stderr}`)
      }
      await Promise.race([this.#exit, pause()])
    }
  }
}

/** Runs a command to its end. */
export async function run(words: string[], env: Record<string, string> = {}): Promise<Ended> {
  using command = new Command(words, env)
  return await command.ended()
}

/** The body of a GET. */
export async function get(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(DEADLINE_MS) })
  return response.text()
}

/** The lines of a JSON log whose message has `text`. */
export function linesWith(text: string, stderr: string): LogLine[] {
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'))
  return lines
    .map((line) => JSON.parse(line) as LogLine)
    .filter(({ msg }) => String(msg).includes(text))
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}
