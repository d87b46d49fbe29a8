// Rolling restarts: two upstreams after a proxy end and start in turns, under keep-alive clients that must not notice.

import { setTimeout as sleep } from 'node:timers/promises'
import { startLoad } from './keep-alive-load.ts'
import { startProxy } from './proxy.ts'
import { startUpstream } from './upstream.ts'
import type { Tally } from './tally.ts'
import type { Options, Outcome } from './options.ts'
import type { ProxyName } from './proxy-config.ts'
import type { ServerName, Upstream } from './upstream.ts'

const SHAPE = { clients: 12, pauseMs: 20 }
const BETWEEN_MS = 200

interface Restarted {
  tally: Tally
  /** The longest time from SIGTERM to the end of a process. */
  longestStopMs: number
}

/** Restarts every server after every proxy, and returns the table and the faults. */
export async function restarts(options: Options): Promise<Outcome> {
  const head = ['rolling restarts', 'right answers', 'longest stop ms']
  const lines: string[][] = []
  const faults: string[] = []
  for (const proxy of options.proxies) {
    for (const server of options.servers) {
      process.stderr.write(`restarts: ${proxy}, ${server}\n`)
      const { tally, longestStopMs } = await restart(proxy, server, options.rounds.restarts)
      lines.push([`${proxy}, ${server}`, String(tally), longestStopMs.toFixed(0)])
      faults.push(...tally.faults())
    }
  }
  return { table: [head, ...lines], faults, skipped: [] }
}

async function restart(name: ProxyName, server: ServerName, rounds: number): Promise<Restarted> {
  const upstreams = [await startUpstream(server), await startUpstream(server)]
  try {
    const ports = upstreams.map(({ port }) => port)
    const proxy = await startProxy(name, ports)
    try {
      const load = startLoad(proxy.url, `${name}, ${server}`, SHAPE)
      try {
        const longestStopMs = await rollOver(upstreams, server, rounds)
        return { tally: load.tally, longestStopMs }
      } finally {
        await load.stop()
      }
    } finally {
      await proxy.stop()
    }
  } finally {
    await Promise.all(upstreams.map(({ child }) => child.stop()))
  }
}

async function rollOver(
  upstreams: Upstream[],
  server: ServerName,
  rounds: number,
): Promise<number> {
  let longestMs = 0
  for (let round = 0; round < rounds; round += 1) {
    await sleep(BETWEEN_MS)
    const at = round % upstreams.length
    const { port, child } = upstreams[at] as Upstream
    const startedAt = performance.now()
    await child.stop('SIGTERM')
    longestMs = Math.max(longestMs, performance.now() - startedAt)
    upstreams[at] = await startUpstream(server, { port })
  }
  await sleep(BETWEEN_MS)
  return longestMs
}
