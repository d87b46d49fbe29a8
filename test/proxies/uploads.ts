// Large uploads that are answered before the body is read: the answer has to arrive.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProxy } from './proxy.ts'
import { Tally } from './tally.ts'
import { missing } from './tools.ts'
import { startUpstream } from './upstream.ts'
import { UPLOADERS } from './uploaders.ts'
import type { Options, Outcome } from './options.ts'
import type { ProxyName } from './proxy-config.ts'
import type { ServerName } from './upstream.ts'
import type { Body, Uploader } from './uploaders.ts'

const MIB = 1024 * 1024

/** The answers that come early, by the server's mode and the path, with their status. */
const ANSWERS = {
  open: { '/early': '200', '/limit': '413', '/auth': '401' },
  limited: { '/': '413' },
} as const

type Way = 'direct' | ProxyName

/** Runs every upload, and returns the table and the faults. */
export async function uploads(
  options: Options,
  candidates: readonly Uploader[] = UPLOADERS,
): Promise<Outcome> {
  const skipped = candidates.flatMap(({ tool }) => (tool && missing(tool)) ?? [])
  const uploaders = candidates.filter(({ tool }) => tool === undefined || missing(tool) === null)
  const directory = await mkdtemp(join(tmpdir(), 'isthmus-uploads-'))
  const bodies = await Promise.all(options.mib.map((mib) => bodyOf(directory, mib)))
  const results = new Map<string, Tally>()
  const ways: Way[] = ['direct', ...options.proxies]
  try {
    for (const way of ways) {
      for (const server of options.servers) {
        const run = new UploadRun({ way, server, bodies, rounds: options.rounds.uploads }, results)
        await run.all(uploaders)
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  return outcomeOf(results, { ways, uploaders, servers: options.servers, skipped })
}

interface UploadPlan {
  way: Way
  server: ServerName
  bodies: readonly Body[]
  rounds: number
}

/** The uploads to one server on one way. */
class UploadRun {
  readonly #plan: UploadPlan
  readonly #results: Map<string, Tally>

  constructor(plan: UploadPlan, results: Map<string, Tally>) {
    this.#plan = plan
    this.#results = results
  }

  async all(uploaders: readonly Uploader[]): Promise<void> {
    const { way, server } = this.#plan
    for (const mode of ['open', 'limited'] as const) {
      const upstream = await startUpstream(server, { mode })
      try {
        const proxy = way === 'direct' ? null : await startProxy(way, [upstream.port])
        try {
          for (const uploader of uploaders) await this.#each(uploader, proxy ?? upstream, mode)
        } finally {
          await proxy?.stop()
        }
      } finally {
        // A client may still hold a connection: node:http would wait for it.
        await upstream.child.stop('SIGKILL')
      }
    }
  }

  async #each(
    uploader: Uploader,
    { url }: { url: string },
    mode: 'open' | 'limited',
  ): Promise<void> {
    const { way, server, bodies, rounds } = this.#plan
    if (way !== 'direct' && !uploader.isProxied) return
    const key = keyOf(way, uploader.name, server)
    const tally = this.#results.get(key) ?? new Tally()
    this.#results.set(key, tally)
    process.stderr.write(`uploads: ${key}, ${mode}\n`)
    for (const [path, wanted] of Object.entries(ANSWERS[mode])) {
      for (const body of bodies) {
        const where = `${key}, ${body.bytes.length / MIB} MiB to ${mode === 'open' ? path : 'maxBodyBytes'}`
        const outcomes = await uploader.upload(url + path, body, rounds)
        for (const outcome of outcomes) tally.count(outcome, wanted, where)
      }
    }
  }
}

function keyOf(way: string, uploader: string, server: string): string {
  return `${way}, ${uploader}, ${server}`
}

async function bodyOf(directory: string, mib: number): Promise<Body> {
  const bytes = Buffer.alloc(mib * MIB, 'x')
  const file = join(directory, `${mib}-mib`)
  await writeFile(file, bytes)
  return { bytes, file }
}

function outcomeOf(
  results: ReadonlyMap<string, Tally>,
  plan: {
    ways: readonly Way[]
    uploaders: readonly Uploader[]
    servers: readonly ServerName[]
    skipped: readonly string[]
  },
): Outcome {
  const { ways, uploaders, servers, skipped } = plan
  const lines = ways.flatMap((way) =>
    uploaders.flatMap(({ name, isProxied }) => {
      if (way !== 'direct' && !isProxied) return []
      const cells = servers.map((server) => String(results.get(keyOf(way, name, server)) ?? '-'))
      return [[`${way}, ${name}`, ...cells]]
    }),
  )
  const faults = [...results.values()].flatMap((tally) => tally.faults())
  return { table: [['early answers to uploads', ...servers], ...lines], faults, skipped }
}
