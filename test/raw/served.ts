// A server on a free port, its log in memory, and raw clients for it.

import { serve } from 'isthmus'
import { engine } from '../engine.ts'
import { settlesWithin } from '../../src/waiting/settles-within.ts'
import { RawClient } from './raw-client.ts'
import type { HostedApp, Log, ServeOptions, Server } from 'isthmus'

export { answer, httpApp, readAll } from './http-app.ts'

/** A running server. The test that starts it also disposes it. */
export interface Served extends AsyncDisposable {
  server: Server
  /** The lines of its log, as `level: message`. */
  lines: string[]
  /** A client whose waits end after `deadlineMs`, or eight seconds. */
  connect(deadlineMs?: number): Promise<RawClient>
}

/** Serves `app` on a free port. */
export async function served(app: HostedApp, options: ServeOptions = {}): Promise<Served> {
  const { log, lines } = recordingLog()
  const server = await serve(app, {
    engine,
    port: 0,
    log,
    lifespan: 'off',
    graceMs: 500,
    drainIdleMs: 0,
    ...options,
  })
  return {
    server,
    lines,
    connect: (deadlineMs) => RawClient.connect(server.address, deadlineMs),
    [Symbol.asyncDispose]: async () => void (await server.close()),
  }
}

/** Resolves with the value of `awaited`, or throws after eight seconds. */
export async function soon<Value>(awaited: Promise<Value>, what: string): Promise<Value> {
  if (!(await settlesWithin(awaited, 30_000))) throw new Error(`${what} did not come within 30 s`)
  return awaited
}

function recordingLog(): { log: Log; lines: string[] } {
  const lines: string[] = []
  const at = (level: string) => (fields: Record<string, unknown>, message: string) => {
    const cause = fields['err'] instanceof Error ? `: ${fields['err'].message}` : ''
    lines.push(`${level}: ${message}${cause}`)
  }
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { log, lines }
}
