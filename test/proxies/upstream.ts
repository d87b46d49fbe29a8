// A server after a proxy, in a process of its own.

import { fileURLToPath } from 'node:url'
import { firstLine, startChild } from './child.ts'
import type { Child } from './child.ts'

/** The servers that a run compares, by the names in its tables. */
export const SERVERS = {
  'isthmus native': ['isthmus.js', 'native'],
  'isthmus node': ['isthmus.js', 'node'],
  'node:http': ['node-http.js', '-'],
} as const

/** The name of a server. */
export type ServerName = keyof typeof SERVERS

/** How an upstream is started. */
export interface UpstreamOptions {
  /** Default: a free port. */
  port?: number
  /** `limited`: the server itself refuses a body above 1 MiB with 413. Default `open`. */
  mode?: 'open' | 'limited'
  /** The server closes an idle connection after this time. Default 75,000: longer than a proxy keeps it. */
  keepAliveMs?: number
}

/** A server that listens. The caller stops it, with SIGTERM. */
export interface Upstream {
  url: string
  port: number
  child: Child
}

/** Starts a server. @throws Error if it does not listen */
export async function startUpstream(
  name: ServerName,
  { port = 0, mode = 'open', keepAliveMs = 75_000 }: UpstreamOptions = {},
): Promise<Upstream> {
  const [file, engine] = SERVERS[name]
  const path = fileURLToPath(new URL(`upstreams/${file}`, import.meta.url))
  const words = [engine, String(port), mode, String(keepAliveMs)]
  const child = startChild([process.execPath, path, ...words])
  try {
    const url = (await firstLine(child)).replace(/\/$/, '')
    return { url, port: Number(new URL(url).port), child }
  } catch (error) {
    await child.stop()
    throw error
  }
}
