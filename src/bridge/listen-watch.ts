// Notices code of an app that listens on a port itself, beside the server that hosts the app.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** A call of `listen()`: its port or path, and the `file:line` of the caller. */
export interface ListenCall {
  address: number | string
  site: string
}

// Node publishes here while listen() runs, so the stack has the caller.
const CHANNEL = 'tracing:net.server.listen:asyncStart'
const FRAME = /^ +at (?:async )?(?:[^(\n]*\()?(?:file:\/\/)?(\/[^()\n]+:\d+):\d+\)?$/gm
const OWN_CODE = new URL('..', import.meta.url).pathname

/**
 * Calls `onListen` for each `listen()` on a fixed port or path, until the caller calls the returned function. Servers of
 * isthmus itself do not count, nor does port 0, which takes another port for each caller.
 */
export function watchListening(onListen: (call: ListenCall) => void): () => void {
  const onStart = (message: unknown): void => {
    const { options } = message as { options: { port?: number | string; path?: string } }
    const address = options.path ?? Number(options.port ?? 0)
    const site = callSite()
    if (address !== 0 && site !== undefined) onListen({ address, site })
  }
  subscribe(CHANNEL, onStart)
  return () => void unsubscribe(CHANNEL, onStart)
}

/** Says that the app listens, and how it can leave that to its host. */
export function listenLine({ address, site }: ListenCall): string {
  const place = typeof address === 'number' ? `port ${address}` : address
  return (
    `listens on ${place} itself (${site}), and isthmus listens for it: export the app, and call listen() only in ` +
    'the program that was started: if (require.main === module), or from Node 24.2 on if (import.meta.main)'
  )
}

// The first frame in code of the app: Express calls listen() for it.
function callSite(): string | undefined {
  const sites = [...(new Error('stack').stack ?? '').matchAll(FRAME)].map(([, site = '']) => site)
  return sites.find((site) => !site.startsWith(OWN_CODE) && !site.includes('/node_modules/'))
}
