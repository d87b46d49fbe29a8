// The race of an idle connection: an upstream that closes it earlier than the proxy loses the request that is on its way.

import { setTimeout as sleep } from 'node:timers/promises'
import { startLoad } from './keep-alive-load.ts'
import { startProxy } from './proxy.ts'
import { startUpstream } from './upstream.ts'
import type { Options, Outcome } from './options.ts'
import type { Tally } from './tally.ts'
import type { ProxyName } from './proxy-config.ts'
import type { ServerName } from './upstream.ts'

// Shorter than the time that a proxy keeps a connection, and as long as the pause of a client.
const SHORT_MS = 300
// Longer than the 60 s of nginx.
const LONG_MS = 75_000
const SHAPE = { clients: 32, pauseMs: SHORT_MS, isPostOnly: true }
const RUN_MS = 8_000

/** Runs the race with both settings. The short one is shown; only the long one can fail. */
export async function keepAlive(options: Options): Promise<Outcome> {
  const head = ['POSTs answered', `server keeps ${SHORT_MS} ms`, `server keeps ${LONG_MS} ms`]
  const lines: string[][] = []
  const faults: string[] = []
  for (const proxy of options.proxies) {
    for (const server of options.servers) {
      process.stderr.write(`keep-alive: ${proxy}, ${server}\n`)
      const short = await race(proxy, server, SHORT_MS)
      const long = await race(proxy, server, LONG_MS)
      lines.push([`${proxy}, ${server}`, String(short), String(long)])
      faults.push(...long.faults())
    }
  }
  return { table: [head, ...lines], faults, skipped: [] }
}

async function race(name: ProxyName, server: ServerName, keepAliveMs: number): Promise<Tally> {
  const upstream = await startUpstream(server, { keepAliveMs })
  try {
    const proxy = await startProxy(name, [upstream.port])
    try {
      const load = startLoad(proxy.url, `${name}, ${server}, ${keepAliveMs} ms`, SHAPE)
      await sleep(RUN_MS)
      await load.stop()
      return load.tally
    } finally {
      await proxy.stop()
    }
  } finally {
    await upstream.child.stop()
  }
}
