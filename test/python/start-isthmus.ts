// The app in processes of isthmus, with the log in memory.

import { python, serve } from 'isthmus'
import type { Log } from 'isthmus'
import type { Running, Start } from './running.ts'

/** Serves `python(spec)` on a free port. */
export async function startIsthmus(spec: string, start: Start): Promise<Running> {
  const { log, output } = recordingLog()
  const app = python(spec, {
    interface: start.interface,
    python: start.python,
    processes: start.processes ?? 1,
    threads: start.threads ?? 1,
    cwd: start.cwd,
    env: { ...process.env, ...start.env },
  })
  const server = await serve(start.around?.(app) ?? app, {
    port: 0,
    log,
    graceMs: 1_000,
    drainIdleMs: 0,
  })
  const { port } = server.address as { port: number }
  return { port, output, close: async () => void (await server.close()) }
}

function recordingLog(): { log: Log; output: () => string } {
  const lines: string[] = []
  const at = (level: string) => (fields: Record<string, unknown>, message: string) => {
    const { err, ...others } = fields
    const stack = err instanceof Error ? `\n${err.stack}` : ''
    lines.push(`${level}: ${message}\n${JSON.stringify(others)}${stack}`)
  }
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { log, output: () => lines.join('\n') }
}
