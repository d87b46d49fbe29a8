// A server in a separate process: started, measured, ended.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cpuMs } from './cpu-time.ts'

/** A server that listens. The caller stops it; it ends with this process in any case. */
export interface ServerProcess {
  url: string
  pid: number
  /** From the start of the process to its ready line. */
  readyMs: number
  /** CPU time of all its threads and children since its start; NaN without `/proc`. */
  cpuMs(): number
  stop(): Promise<void>
}

const START_MS = 20_000
const STOP_MS = 2_000

/** The command line of a server in `servers/`. */
export function nodeServer(file: string, ...words: string[]): string[] {
  return [process.execPath, '--expose-gc', pathOf(file), ...words]
}

/** The path of a server in `servers/`. */
export function pathOf(file: string): string {
  return fileURLToPath(new URL(`servers/${file}`, import.meta.url))
}

/**
 * Starts a command that prints its URL when it listens, and ends with its stdin or on a signal.
 *
 * @param cores the cores to run on, as `taskset -c` takes them; null for any
 */
export async function startServer(
  command: readonly string[],
  cores: string | null,
): Promise<ServerProcess> {
  const [file, ...words] = cores === null ? command : ['taskset', '-c', cores, ...command]
  const startedAt = performance.now()
  const child = spawn(file as string, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.stdin.end()
    child.kill()
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await exited.finally(() => clearTimeout(timer))
  }

  const signal = AbortSignal.timeout(START_MS)
  const line = once(createInterface(child.stdout), 'line', { signal }) as Promise<[string]>
  const ended = exited.then((): never => {
    throw new Error(`${command.join(' ')} ended before it listened`)
  })
  try {
    const [said] = await Promise.race([line, ended])
    const readyMs = performance.now() - startedAt
    const pid = child.pid as number
    return { url: urlIn(said), pid, readyMs, cpuMs: () => cpuMs(pid) ?? NaN, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function urlIn(line: string): string {
  const url = /http:\/\/\S+/.exec(line)?.[0]
  if (url === undefined) throw new Error(`a server said "${line}", which has no URL`)
  return url
}
