// A running ticket desk with a ledger of its own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve, threads } from 'isthmus'
import { memory } from 'isthmus/channels'

const DESK = new URL('../../examples/ticket-desk/desk.ts', import.meta.url)

/**
 * Starts the desk on a free port. The caller disposes of the desk.
 *
 * @param place the part of the process that runs the sync app
 */
export async function startDesk(
  place: 'loop' | 'thread' = 'loop',
): Promise<AsyncDisposable & { url: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'desk-'))
  process.env['TICKET_DESK_DATA'] = folder
  // The ledger looks for its folder when it is loaded.
  const { default: app } = await import('../../examples/ticket-desk/app.ts')
  const table = place === 'loop' ? app : { ...app, '/': threads(DESK, { export: 'desk', max: 1 }) }
  const channels = memory({ history: { tickets: { size: 100 } } })
  const server = await serve(table, { port: 0, log: null, graceMs: 2000, channels })

  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server.close()
      await channels.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Buys a ticket like the form of the page, and returns the answer of the desk. */
export async function buy(url: string, form: Record<string, string>): Promise<Response> {
  return fetch(`${url}/tickets`, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
    signal: AbortSignal.timeout(30_000),
  })
}
