// A fixture in threads(), and a server for it on a free port.

import { threads } from 'isthmus'
import { served } from '../raw/served.ts'
import { wireOf } from '../conformance/socket-host.ts'
import type { EventApp, ServeOptions, ThreadOptions } from 'isthmus'
import type { Request } from '../conformance/host.ts'
import type { Served } from '../raw/served.ts'

/** The URL of a fixture. */
export function fixture(name: string): URL {
  return new URL(`../fixtures/threads/behaviour-${name}.ts`, import.meta.url)
}

/** The export of a fixture in a pool of one thread, so that module state is the thread's. */
export function pooled(name: string, exported: string, options: ThreadOptions = {}): EventApp {
  return threads(fixture(name), { max: 1, export: exported, ...options })
}

/** Serves `app` with its lifespan, which ends its threads. */
export function hosted(app: EventApp, options: ServeOptions = {}): Promise<Served> {
  return served(app, { lifespan: 'auto', ...options })
}

/** Asks for one response on a connection of its own; its body is latin-1. */
export async function ask(server: Served, request: Request = {}): Promise<string> {
  using client = await server.connect()
  client.send(wireOf(request))
  return (await client.response(request.method)).body
}

/** Polls until `condition` holds; throws after eight seconds. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const since = Date.now(); !(await condition());) {
    if (Date.now() - since > 30_000) throw new Error('it did not come to pass within 30 s')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
