// A run of the soak of channels: server processes, pages that are cut and return at random, and a publisher in a thread.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Page } from './channels-page.ts'
import { seeded } from './hostile-visits.ts'
import type { ChildProcess } from 'node:child_process'
import type { PageCounts } from './channels-page.ts'

/** The size of a run. */
export interface ChannelsRun {
  kind: 'memory' | 'cluster' | 'redis'
  /** The URL of a Redis without messages of an earlier run. */
  redisUrl: string | null
  /** The pages of each server. */
  sockets: number
  messages: number
  /** Messages in a second. */
  rate: number
  /** Cuts in a second, of all pages. */
  cuts: number
  /** The messages that the board keeps. */
  history: number
  seed: number
}

interface Figures {
  pid: number
  mib: number
  delivered: number
  published: number
  dropped: { publisher: number; slow: number; unreached: number }
}

/** The result of a run. It is good without `faults`. */
export interface ChannelsSummary extends Omit<PageCounts, 'latencies' | 'faults'> {
  kind: string
  servers: number
  sockets: number
  messages: number
  published: number
  refused: number
  /** Publications that a server had no thread for, and that were tried again: 503 with Retry-After. */
  triedAgain: number
  p50Ms: number
  p99Ms: number
  /** Memory of each process after a quarter of the messages, and at the end. */
  mib: Array<[before: number, after: number]>
  faults: string[]
}

const START_MS = 60_000
const SETTLE_MS = 60_000
const PUBLISH_MS = 600_000
const MAX_GROWTH_MIB = 32
const SHORT_ABSENCE_MS = 400

/** Runs, and ends all processes. */
export async function runChannels(run: ChannelsRun): Promise<ChannelsSummary> {
  const programs = run.kind === 'redis' ? 2 : 1
  const started = await Promise.all(Array.from({ length: programs }, () => startProgram(run)))
  try {
    const servers = started.flatMap((program) => program.servers)
    const figures = started.flatMap((program) => program.figures)
    return await new Crowd(run, servers, figures).run()
  } finally {
    await Promise.all(started.map((program) => program.stop()))
  }
}

interface Program {
  servers: string[]
  figures: string[]
  stop(): Promise<void>
}

async function startProgram({ kind, redisUrl, history }: ChannelsRun): Promise<Program> {
  const path = fileURLToPath(new URL('channels-server.js', import.meta.url))
  const words = ['--expose-gc', path, kind, redisUrl ?? '-', String(history), '2']
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const signal = AbortSignal.timeout(START_MS)
    const [line] = (await once(createInterface(child.stdout), 'line', { signal })) as [string]
    return { ...(JSON.parse(line) as Omit<Program, 'stop'>), stop: () => stop(child) }
  } catch (error) {
    await stop(child)
    throw error
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

class Crowd {
  readonly #run: ChannelsRun
  readonly #servers: string[]
  readonly #figures: string[]
  readonly #random: () => number
  readonly #pages: Page[]
  readonly #returns = new Set<Promise<void>>()
  readonly #counts: PageCounts = {
    delivered: 0,
    recovered: 0,
    cuts: 0,
    slow: 0,
    gaps: {},
    lost: 0,
    uncounted: 0,
    faults: [],
    latencies: [],
  }
  #published = 0
  #refused = 0
  #triedAgain = 0

  constructor(run: ChannelsRun, servers: string[], figures: string[]) {
    this.#run = run
    this.#servers = servers
    this.#figures = figures
    this.#random = seeded(run.seed)
    const numberAt = new Map<number, number>()
    const count = run.sockets * servers.length
    this.#pages = Array.from({ length: count }, () => new Page(this.#counts, numberAt))
  }

  async run(): Promise<ChannelsSummary> {
    await Promise.all(this.#pages.map((page, index) => page.open(this.#serverOf(index))))
    const quarter = Math.ceil(this.#run.messages / 4)
    const cutting = new AbortController()
    const cuts = this.#cutUntil(cutting.signal)
    await this.#publish(1, quarter)
    const before = await this.#measure()
    await this.#publish(quarter + 1, this.#run.messages)
    cutting.abort()
    await cuts
    await Promise.all(this.#returns)
    await this.#settle()
    const after = await this.#measure()
    for (const page of this.#pages) page.close()
    return this.#summary(before, after)
  }

  #serverOf(index: number): string {
    return this.#servers[index % this.#servers.length] as string
  }

  async #publish(first: number, last: number): Promise<void> {
    const start = performance.now()
    const requests: Array<Promise<void>> = []
    for (let n = first; n <= last; n += 1) {
      const wait = start + ((n - first) * 1000) / this.#run.rate - performance.now()
      if (wait > 1) await sleep(wait)
      requests.push(this.#request(n))
    }
    await Promise.all(requests)
  }

  // 503 with Retry-After says that the app has not run: a machine with too much load is no fault of the channels.
  async #request(n: number): Promise<void> {
    const deadline = performance.now() + PUBLISH_MS
    for (;;) {
      const response = await fetch(`${this.#serverOf(n)}/?n=${n}`)
      const text = await response.text()
      if (response.status === 204) return void (this.#published += 1)
      if (response.status === 507) return void (this.#refused += 1)
      const seconds = Number(response.headers.get('retry-after') ?? NaN)
      if (response.status !== 503 || Number.isNaN(seconds) || performance.now() > deadline) {
        this.#counts.faults.push(`a publication was answered with ${response.status}: ${text}`)
        return
      }
      this.#triedAgain += 1
      await sleep(seconds * 1000)
    }
  }

  async #cutUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(1000 / this.#run.cuts, undefined, { signal }).catch(() => undefined)
      const page = this.#pages[Math.floor(this.#random() * this.#pages.length)] as Page
      if (!page.isLive) continue
      page.cut()
      const returning: Promise<void> = this.#return(page).finally(() =>
        this.#returns.delete(returning),
      )
      this.#returns.add(returning)
    }
  }

  // One absence of fifty is longer than the history.
  async #return(page: Page): Promise<void> {
    const { history, rate } = this.#run
    const isLong = this.#random() < 0.02
    const longMs = (history / rate) * 1500
    await sleep(isLong ? longMs : this.#random() * SHORT_ABSENCE_MS)
    await page.open(this.#serverOf(Math.floor(this.#random() * this.#servers.length)))
  }

  async #settle(): Promise<void> {
    const deadline = performance.now() + SETTLE_MS
    const isDone = (page: Page): boolean => page.isLive && page.offset === this.#published
    while (!this.#pages.every(isDone) && performance.now() < deadline) await sleep(20)
    const late = this.#pages.filter((page) => !isDone(page))
    if (late.length > 0) this.#counts.faults.push(`${late.length} pages have not all messages`)
  }

  #measure(): Promise<Figures[]> {
    const answers = this.#figures.map(async (url) => {
      const response = await fetch(`${url}/figures`)
      return (await response.json()) as Figures
    })
    return Promise.all(answers)
  }

  #summary(before: Figures[], after: Figures[]): ChannelsSummary {
    const { latencies, faults, ...counts } = this.#counts
    const mib = before.map(({ mib: first }, index): [number, number] => [
      Math.round(first),
      Math.round((after[index] as Figures).mib),
    ])
    for (const [first, last] of mib) {
      if (last - first > MAX_GROWTH_MIB)
        faults.push(`memory has grown from ${first} to ${last} MiB`)
    }
    latencies.sort((one, other) => one - other)
    const at = (part: number): number =>
      Number((latencies[Math.floor(latencies.length * part)] ?? NaN).toFixed(2))
    return {
      kind: this.#run.kind,
      servers: this.#servers.length,
      sockets: this.#pages.length,
      messages: this.#run.messages,
      published: this.#published,
      refused: this.#refused,
      triedAgain: this.#triedAgain,
      ...counts,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      mib,
      faults: [...new Set(faults)].slice(0, 20),
    }
  }
}
