// The isthmus command in a process of its own, from the sources.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEADLINE_MS = 12_000

/** How a process ended. */
export interface Ended {
  status: number | null
  stdout: string
  stderr: string
}

/** A running command. Whoever starts it disposes of it. */
export class Command implements Disposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #exit: Promise<unknown>
  #stdout = ''
  #stderr = ''

  constructor(words: string[], env: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...words], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#exit = once(this.#child, 'close')
    this.#child.stdout.on('data', (chunk) => (this.#stdout += String(chunk)))
    this.#child.stderr.on('data', (chunk) => (this.#stderr += String(chunk)))
  }

  /** Waits until stdout has `text`, and returns stdout. */
  async says(text: string): Promise<string> {
    const deadline = Date.now() + DEADLINE_MS
    while (!this.#stdout.includes(text)) {
      if (this.#child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`it never said "${text}": ${this.#stdout}${this.#stderr}`)
      }
      await Promise.race([once(this.#child.stdout, 'data'), this.#exit, pause()])
    }
    return this.#stdout
  }

  /** Waits for the ready line, and returns the URL in it. */
  async url(): Promise<string> {
    const stdout = await this.says('isthmus listening on ')
    return /^isthmus listening on (\S+)$/m.exec(stdout)?.[1] ?? ''
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  async ended(): Promise<Ended> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), DEADLINE_MS)
    await this.#exit
    clearTimeout(timer)
    return { status: this.#child.exitCode, stdout: this.#stdout, stderr: this.#stderr }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

/** Runs a command to its end. */
export async function run(words: string[], env: Record<string, string> = {}): Promise<Ended> {
  using command = new Command(words, env)
  return await command.ended()
}

/** The body of a GET. */
export async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })
  return response.text()
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50))
}
