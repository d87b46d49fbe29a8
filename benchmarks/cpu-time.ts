// The cost of a process and its children, as /proc counts it: on Linux only.

import { readdirSync, readFileSync } from 'node:fs'

// USER_HZ: Linux shows 100 ticks a second to users on each machine.
const TICK_MS = 10

/** CPU time, in ms, of all threads of `pid` since they began, without its children; undefined without `/proc`. */
export function ownCpuMs(pid: number): number | undefined {
  return threadsMs(pid) ?? ticksMs(pid)
}

/** CPU time, in ms, of all threads of `pid` and of its children since they began; undefined without `/proc`. */
export function cpuMs(pid: number): number | undefined {
  const own = ownCpuMs(pid)
  if (own === undefined) return undefined
  return childrenOf(pid).reduce((sum, child) => sum + (cpuMs(child) ?? 0), own)
}

/** A server whose CPU time is counted. */
interface Counted {
  pid: number
  /** The CPU time of all its threads and children, in ms. */
  cpuMs: () => number
}

/** Begins to count. The returned function gives the CPU time since then for each of `units`, in µs. */
export function countCpu({ cpuMs }: Counted): (units: number) => Record<string, number> {
  const before = cpuMs()
  return (units) => ({ cpuMicros: ((cpuMs() - before) * 1000) / units })
}

/** The same for a gateway whose children are processes of Python: in all, and of either side. */
export function countCpuApart({ pid, cpuMs }: Counted): (units: number) => Record<string, number> {
  const ownMs = (): number => ownCpuMs(pid) ?? NaN
  const before = { all: cpuMs(), own: ownMs() }
  return (units) => {
    const cpuMicros = ((cpuMs() - before.all) * 1000) / units
    const gatewayMicros = ((ownMs() - before.own) * 1000) / units
    return { cpuMicros, gatewayMicros, pythonMicros: cpuMicros - gatewayMicros }
  }
}

/** The same for a server of Python, which has no gateway. */
export function countCpuOfPython(server: Counted): (units: number) => Record<string, number> {
  const costOf = countCpu(server)
  return (units) => {
    const { cpuMicros = NaN } = costOf(units)
    return { cpuMicros, pythonMicros: cpuMicros }
  }
}

/** The same for an upstream whose children are its proxy: of the proxy, and of the upstream. */
export function countCpuOfChildren(server: Counted): (units: number) => Record<string, number> {
  const ownMs = (): number => ownCpuMs(server.pid) ?? NaN
  const before = { all: server.cpuMs(), own: ownMs() }
  return (units) => {
    const upstreamMs = ownMs() - before.own
    const proxyMs = server.cpuMs() - before.all - upstreamMs
    return { cpuMicros: (proxyMs * 1000) / units, upstreamMicros: (upstreamMs * 1000) / units }
  }
}

/** User and system time out of a `/proc/PID/stat`. @see proc(5), fields 14 and 15 */
export function parseCpuMs(stat: string): number {
  // Field 2 is the name in parentheses, which may hold spaces and parentheses itself.
  const fromThird = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fromThird[11]) + Number(fromThird[12])) * TICK_MS
}

/** Resident memory of `pid` and its children, in KiB; undefined without `/proc`. */
export function residentKib(pid: number): number | undefined {
  const own = read(`/proc/${pid}/status`)
  if (own === undefined) return undefined
  const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(own)?.[1] ?? 0)
  return childrenOf(pid).reduce((sum, child) => sum + (residentKib(child) ?? 0), kib)
}

/** Memory of `pid` and its children, in KiB, with the shared pages in equal parts; undefined without `/proc`. @see proc(5) */
export function proportionalKib(pid: number): number | undefined {
  const own = read(`/proc/${pid}/smaps_rollup`)
  if (own === undefined) return undefined
  const kib = Number(/^Pss:\s+(\d+) kB$/m.exec(own)?.[1] ?? 0)
  return childrenOf(pid).reduce((sum, child) => sum + (proportionalKib(child) ?? 0), kib)
}

// In nanoseconds, if the kernel counts them: stat is too coarse for a short run.
function threadsMs(pid: number): number | undefined {
  const times = threadsOf(pid).map((thread) => read(`/proc/${pid}/task/${thread}/schedstat`))
  const nanoseconds = times.map((text) => Number(text?.split(' ', 1)[0]))
  const sum = nanoseconds.reduce((total, time) => total + time, 0)
  return sum > 0 ? sum / 1e6 : undefined
}

function ticksMs(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`)
  return stat === undefined ? undefined : parseCpuMs(stat)
}

function childrenOf(pid: number): number[] {
  const lists = threadsOf(pid).map((thread) => read(`/proc/${pid}/task/${thread}/children`) ?? '')
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number))
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
