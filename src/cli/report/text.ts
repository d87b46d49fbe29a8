// The report of a server as a person reads it, at most 100 columns wide.

import { milliseconds } from '../milliseconds.ts'
import { migrationLines } from './migrations.ts'
import { mountLines, targetLines } from './mounts.ts'
import { orNone } from './table.ts'
import { fitting, WIDTH, wrapped } from './width.ts'
import { workerLines } from './workers.ts'
import type { Report } from '../../contract/report.ts'

/** Formats a report. Its last line ends with a newline. */
export function reportText(report: Report): string {
  const sections = [
    wrapped(processSentence(report), WIDTH),
    workerLines(report),
    mountLines(report),
    targetLines(report),
    migrationLines(report),
    channelLines(report),
    adviceLines(report),
  ]
  const lines = sections
    .filter((section) => section.length > 0)
    .map((section) => section.map(fitting))
  return `${lines.map((section) => section.join('\n')).join('\n\n')}\n`
}

function processSentence(report: Report): string {
  const { process, uptimeMs, requests, webSockets, refused, workers, isComplete } = report
  const { pid, node, cpu, loopUtilization, longestBlockMs, rssBytes } = process
  const name = workers.length > 0 ? 'master' : 'process'
  return [
    ...(isComplete ? [] : ['incomplete: not all workers have answered']),
    `${name} ${pid} on Node ${node}`,
    `up ${duration(uptimeMs)}`,
    `${requests.total} requests, ${requests.inFlight} in flight, ${refused} refused`,
    `${webSockets.open} WebSockets open`,
    `CPU ${percent(cpu)} of a core, event loop ${percent(loopUtilization)} busy`,
    `longest block ${orNone(longestBlockMs)}`,
    `${Math.round(rssBytes / 2 ** 20)} MiB`,
  ].join('; ')
}

// Channels without a consumer and without a message are not worth a line.
function channelLines({ channels }: Report): string[] {
  if (!channels) return []
  const { connected, subscriptions, groups, published, pending, delivered, gaps, dropped } =
    channels
  if (connected && subscriptions + published + delivered === 0) return []
  const sum = (counts: object): number =>
    Object.values(counts).reduce((total: number, count: number) => total + count, 0)
  const parts = [
    `channels: ${connected ? '' : 'the broker is away; '}${subscriptions} consumers of ${groups} groups`,
    `${published} messages published, ${pending} waiting, ${delivered} delivered`,
    `${sum(dropped)} dropped, ${sum(gaps)} gaps`,
  ]
  return wrapped(parts.join('; '), WIDTH)
}

function adviceLines({ advice }: Report): string[] {
  return advice.flatMap(({ path, text }) => {
    const sentence = text.includes(path) ? text : `${path}: ${text}`
    const [first = '', ...rest] = wrapped(sentence, WIDTH - 2)
    return [`- ${first}`, ...rest.map((line) => `  ${line}`)]
  })
}

const UNITS: ReadonlyArray<[ms: number, name: string]> = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

// The two largest units: `1 h 2 min`.
function duration(ms: number): string {
  const first = UNITS.findIndex(([unit]) => ms >= unit)
  if (first < 0) return milliseconds(ms)
  let rest = ms
  const parts = UNITS.slice(first, first + 2).map(([unit, name]) => {
    const count = Math.floor(rest / unit)
    rest -= count * unit
    return `${count} ${name}`
  })
  return parts.filter((part) => !part.startsWith('0 ')).join(' ')
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`
}
