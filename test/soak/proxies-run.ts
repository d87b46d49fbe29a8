// nginx and HAProxy in front of workers: a steady load of keep-alive clients, and rolling reloads in its second half.

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { firstLine, startChild } from '../proxies/child.ts'
import { startLoad } from '../proxies/keep-alive-load.ts'
import { startProxy } from '../proxies/proxy.ts'
import { missing } from '../proxies/tools.ts'
import type { Child } from '../proxies/child.ts'
import type { Load } from '../proxies/keep-alive-load.ts'
import type { Proxy } from '../proxies/proxy.ts'

/** The size of a run. Half of its time has reloads. */
export interface RunShape {
  durationMs: number
  /** The time between the end of a reload and the next one. */
  betweenReloadsMs: number
  /** The clients of each proxy. */
  clients: number
}

/** The result of a run. */
export interface RunResult {
  /** One line for each proxy and half: `nginx, steady: 812 of 812`. */
  counts: string[]
  /** One line for each kind of wrong answer. */
  faults: string[]
  reloads: number
  /** The reason for each proxy that is not installed. */
  skipped: string[]
}

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const APP = fileURLToPath(new URL('count-app.js', import.meta.url))
const NAMES = ['nginx', 'haproxy'] as const
const PAUSE_MS = 20
// Each worker loads the command and the app, on a machine that may be busy.
const START_MS = 60_000
const RELOAD_MS = 60_000

/** Runs the load through each proxy that is installed. */
export async function runBehindProxies(shape: RunShape): Promise<RunResult> {
  const names = NAMES.filter((name) => missing(name) === null)
  const skipped = NAMES.flatMap((name) => missing(name) ?? [])
  const words = ['--workers', '2', '--port', '0', '--lifespan', 'off', '--timeout-keep-alive', '75']
  const quiet = ['--no-access-log', '--log-format', 'json']
  const server = startChild([process.execPath, MAIN, 'serve', APP, ...words, ...quiet])
  const reloads = new ReloadWatch(server)
  const proxies: Proxy[] = []
  try {
    const url = new URL((await firstLine(server, START_MS)).replace('isthmus listening on ', ''))
    for (const name of names) proxies.push(await startProxy(name, [Number(url.port)]))
    const halves: Load[][] = []
    for (const half of ['steady', 'reloads'] as const) {
      const loads = proxies.map((proxy, at) => {
        return startLoad(proxy.url, `${names[at]}, ${half}`, {
          clients: shape.clients,
          pauseMs: PAUSE_MS,
        })
      })
      if (half === 'steady') await sleep(shape.durationMs / 2)
      else await reloads.repeat(shape)
      await Promise.all(loads.map((load) => load.stop()))
      halves.push(loads)
    }
    const [steady = [], during = []] = halves
    return {
      counts: [
        ...steady.map(({ tally }, at) => `${names[at]}, steady: ${String(tally)}`),
        ...during.map(({ tally }, at) => `${names[at]}, reloads: ${String(tally)}`),
      ],
      faults: halves.flat().flatMap(({ tally }) => tally.faults()),
      reloads: reloads.count,
      skipped,
    }
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.stop()))
    await server.stop()
  }
}

/** Orders reloads, and reads in the log that they have ended. */
class ReloadWatch {
  count = 0
  readonly #server: Child
  #onReloaded: (() => void) | undefined

  constructor(server: Child) {
    this.#server = server
    let line = ''
    server.process.stderr?.on('data', (text: string) => {
      line += text
      const lines = line.split('\n')
      line = lines.pop() ?? ''
      for (const one of lines)
        if (/"msg":"(?:reloaded"|the reload has failed)/.test(one)) this.#onReloaded?.()
    })
  }

  /** Reloads again and again for half of the time of `shape`, once at least. */
  async repeat({ durationMs, betweenReloadsMs }: RunShape): Promise<void> {
    const until = performance.now() + durationMs / 2
    do {
      await sleep(betweenReloadsMs)
      await this.#reload()
    } while (performance.now() < until)
    await sleep(betweenReloadsMs)
  }

  async #reload(): Promise<void> {
    const reloaded = new Promise<true>((resolve) => (this.#onReloaded = () => resolve(true)))
    this.#server.process.kill('SIGHUP')
    const timeout = new AbortController()
    const late = sleep(RELOAD_MS, false, { signal: timeout.signal }).catch(() => false)
    const isReloaded = await Promise.race([reloaded, late])
    timeout.abort()
    if (!isReloaded) throw new Error(`the reload did not end: ${this.#server.complaint()}`)
    this.count += 1
  }
}
