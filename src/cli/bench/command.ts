// isthmus bench: measures each path of the app inline and in threads, and prints advice.

import { aligned } from '../aligned.ts'
import { milliseconds } from '../milliseconds.ts'
import { adviceFor } from './advice.ts'
import { askFor } from './load.ts'
import { openBenchProcess } from './process.ts'
import { heldBy } from './standstill.ts'
import type { BenchCommand } from '../args.ts'
import type { Comparison, Measured } from './advice.ts'
import type { Answers } from './load.ts'
import type { Mounted } from './messages.ts'
import type { BenchProcess } from './process.ts'

const COLUMNS = ['', 'hosted', 'req/s', 'p50', 'p99', 'CPU/req', 'loop/req', 'longest stop']

/** Measures, and writes a table and a line of advice for each path to stdout. Progress goes to stderr. */
export async function benchCommand(command: BenchCommand): Promise<void> {
  const inline = await measureHosting(command, 0)
  const paths = inline.map(({ path }) => path)
  const threads = await measureHosting({ ...command, paths }, command.threads)
  const comparisons = inline.map(({ mounted, path, measured }, index): Comparison => {
    const other = threads[index]?.measured ?? measured
    return { path, mount: mounted.prefix, style: mounted.style, inline: measured, threads: other }
  })

  const lines = comparisons.flatMap(({ path, inline, threads }) => [
    lineOf(path, 'inline', inline),
    lineOf(path, `threads × ${command.threads}`, threads),
  ])
  const advice = comparisons.map((comparison) => adviceFor(comparison))
  process.stdout.write(`${aligned([COLUMNS, ...lines], 2).join('\n')}\n\n${advice.join('\n')}\n`)
}

interface MeasuredPath {
  path: string
  mounted: Mounted
  measured: Measured
}

async function measureHosting(command: BenchCommand, threads: number): Promise<MeasuredPath[]> {
  const host = await openBenchProcess({ app: command.app, mounts: command.mounts, threads })
  try {
    const paths = command.paths.length > 0 ? command.paths : host.mounts.map(({ prefix }) => prefix)
    const all: MeasuredPath[] = []
    for (const path of paths) {
      process.stderr.write(`measuring ${path} ${threads === 0 ? 'inline' : 'in threads'}\n`)
      const measured = await measurePath(host, path, command)
      all.push({ path, mounted: mountOf(path, host.mounts), measured })
    }
    return all
  } finally {
    await host.close()
  }
}

async function measurePath(
  host: BenchProcess,
  path: string,
  { connections, durationMs }: BenchCommand,
): Promise<Measured> {
  const url = host.url + path
  await askFor(url, connections, durationMs / 4)
  // A single request shows the load on the event loop; several at once show how they slow each other down.
  const [alone, { loopMs, longestMs, standstillMs }] = await host.usageOf(() =>
    askFor(url, 1, durationMs),
  )
  const [many, { cpuMs }] = await host.usageOf(() => askFor(url, connections, durationMs))
  return {
    perSecond: many.perSecond,
    p50Ms: quantile(many, 0.5),
    p99Ms: quantile(many, 0.99),
    cpuMs: cpuMs / many.tookMs.length,
    heldMs: heldBy(loopMs / alone.tookMs.length, standstillMs),
    longestMs,
    failures: failuresOf(many),
  }
}

function quantile({ tookMs }: Answers, share: number): number {
  return tookMs[Math.max(0, Math.ceil(share * tookMs.length) - 1)] ?? NaN
}

function failuresOf({ statuses }: Answers): string {
  const failed = [...statuses].filter(([status]) => status < 200 || status >= 400)
  return failed
    .map(([status, count]) => `${status === 0 ? 'nothing' : status} × ${count}`)
    .join(', ')
}

// The longest prefix wins, on a segment boundary, as in mount().
function mountOf(target: string, mounts: readonly Mounted[]): Mounted {
  const [path = target] = target.split('?', 1)
  const fitting = mounts.filter(
    ({ prefix }) => prefix === '/' || `${path}/`.startsWith(`${prefix}/`),
  )
  const [longest] = fitting.toSorted((a, b) => b.prefix.length - a.prefix.length)
  return longest ?? { prefix: '/', style: 'events' }
}

function lineOf(path: string, hosted: string, measured: Measured): string[] {
  const { perSecond, p50Ms, p99Ms, cpuMs, heldMs, longestMs } = measured
  const times = [p50Ms, p99Ms, cpuMs, heldMs, longestMs].map(milliseconds)
  return [path, hosted, perSecond.toFixed(0), ...times]
}
