// A child process that ends with this one in any case.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ChildProcess, SpawnOptions } from 'node:child_process'

/** A process of the harness. The caller stops it. */
export interface Child {
  process: ChildProcess
  /** The last lines of the process on stderr. */
  complaint(): string
  /** Sends the signal, waits for the end, and forces the end after STOP_MS. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

const STOP_MS = 30_000
const COMPLAINT_CHARACTERS = 2_000
const running = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of running) kill(child, 'SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** Starts a command in a process group of its own, so that the workers of a proxy end with it. */
export function startChild(command: readonly string[], options: SpawnOptions = {}): Child {
  const [file, ...words] = command
  const child = spawn(file as string, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...options,
  })
  running.add(child)
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  void exited.then(() => running.delete(child))
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT_CHARACTERS)
  })

  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const timer = setTimeout(() => kill(child, 'SIGKILL'), STOP_MS)
    await exited
    clearTimeout(timer)
    kill(child, 'SIGKILL')
  }
  return { process: child, complaint: () => complaint, stop }
}

/** The first line that a child prints. @throws Error if the child ends first, or prints nothing for `withinMs` */
export async function firstLine(child: Child, withinMs: number = STOP_MS): Promise<string> {
  const { process: started } = child
  const signal = AbortSignal.timeout(withinMs)
  const data = once(started.stdout as NodeJS.ReadableStream, 'data', { signal }) as Promise<
    [Buffer]
  >
  const ended = once(started, 'exit').then((): never => {
    throw new Error(`${started.spawnargs.join(' ')} ended: ${child.complaint()}`)
  })
  const [line] = await Promise.race([data, ended])
  ended.catch(() => {})
  return line.toString().trim()
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The whole group has ended.
  }
}
