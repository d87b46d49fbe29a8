// A running ticket desk with a ledger of its own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from 'isthmus'

/** Starts the desk on a free port. The caller disposes of the desk. */
export async function startDesk(): Promise<AsyncDisposable & { url: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'desk-'))
  process.env['TICKET_DESK_DATA'] = folder
  // The ledger looks for its folder when it is loaded.
  const { default: app } = await import('../../examples/ticket-desk/app.ts')
  const server = await serve(app, { port: 0, log: null, graceMs: 2000 })

  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server.close()
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
    signal: AbortSignal.timeout(5000),
  })
}
