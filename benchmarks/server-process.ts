// A server in a process of its own: started, measured, ended.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A server that listens. Whoever started it stops it; it ends with this process in any case. */
export interface ServerProcess {
  url: string
  pid: number
  /** CPU time of all its threads since its start; undefined where there is no `/proc`. */
  cpuMs(): number | undefined
  stop(): Promise<void>
}

const START_MS = 20_000
const STOP_MS = 2_000
// USER_HZ, which Linux fixes at 100 in whatever it shows to users.
const TICK_MS = 10

/** The command line of a server in `servers/`. */
export function nodeServer(file: string, ...words: string[]): string[] {
  return [process.execPath, fileURLToPath(new URL(`servers/${file}`, import.meta.url)), ...words]
}

/**
 * Starts a command that prints its URL once it listens and ends when its stdin does.
 *
 * @param cores where it runs, as `taskset -c` takes it; null is anywhere
 */
export async function startServer(command: string[], cores: string | null): Promise<ServerProcess> {
  const [file, ...words] = cores === null ? command : ['taskset', '-c', cores, ...command]
  const child = spawn(file as string, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.stdin.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await exited.finally(() => clearTimeout(timer))
  }

  const signal = AbortSignal.timeout(START_MS)
  const line = once(createInterface(child.stdout), 'line', { signal }) as Promise<[string]>
  const ended = exited.then((): never => {
    throw new Error(`${command.join(' ')} ended before it listened`)
  })
  try {
    const [url] = await Promise.race([line, ended])
    const pid = child.pid as number
    return { url, pid, cpuMs: () => cpuMs(pid), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function cpuMs(pid: number): number | undefined {
  const file = `/proc/${pid}/stat`
  return existsSync(file) ? parseCpuMs(readFileSync(file, 'utf8')) : undefined
}

/** User and system time out of a `/proc/PID/stat`. @see proc(5), fields 14 and 15 */
export function parseCpuMs(stat: string): number {
  // Field 2 is the name in parentheses, which may hold spaces and parentheses itself.
  const fromThird = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fromThird[11]) + Number(fromThird[12])) * TICK_MS
}
