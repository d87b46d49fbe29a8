// The process of a development server: it waits, warm, for the order to load the app, and tells the files that it loads.

import { fileURLToPath, pathToFileURL } from 'node:url'
import { BroadcastChannel } from 'node:worker_threads'
import { prepareTypeScript } from '../../bridge/app-module.ts'
import { storeWorker } from '../../hosting/gateway/warm-worker.ts'
import { preloadEntries } from '../../hosting/preload.ts'
import { LOAD_VARIABLE } from '../../reload-page.ts'
import { fromParent, MODULES_CHANNEL, SPARE_VARIABLE } from './messages.ts'
import type { FromSpare, LoadOrder } from './messages.ts'

const SEND_MS = 20

/**
 * Resolves when the parent orders the load; at once if the process has no such parent.
 *
 * @param own the process itself
 */
export async function orderToLoad(own: NodeJS.Process): Promise<void> {
  const typescript = own.env[SPARE_VARIABLE]
  if (typescript === undefined) return
  delete own.env[SPARE_VARIABLE]
  own.channel?.ref()
  const url = typescript === '' ? null : pathToFileURL(typescript).href
  await preloadEntries()
  await Promise.all([url === null ? null : prepareTypeScript(url), storeWorker(url)])
  const ordered = nextOrder(own)
  send(own, { type: 'isthmus.development.warm' })
  const { load } = await ordered
  own.env[LOAD_VARIABLE] = String(load)
  tellModules(own)
  // A promise of the app that never settles ends the process.
  own.channel?.unref()
}

function nextOrder(own: NodeJS.Process): Promise<LoadOrder> {
  return new Promise((resolve) => {
    const onMessage = (given: unknown): void => {
      const message = fromParent(given)
      if (message?.type !== 'isthmus.development.load') return
      own.off('message', onMessage)
      resolve(message)
    }
    own.on('message', onMessage)
    own.once('disconnect', () => own.exit())
  })
}

// The modules of packages do not change, and there are thousands of them.
function tellModules(own: NodeJS.Process): void {
  const known = new Set<string>()
  const waiting: string[] = []
  const flush = (): void =>
    send(own, { type: 'isthmus.development.files', files: waiting.splice(0) })
  const channel = new BroadcastChannel(MODULES_CHANNEL)
  channel.addEventListener('message', (event) => {
    const file = pathOf(String((event as MessageEvent).data))
    if (known.has(file) || file.includes('/node_modules/')) return
    known.add(file)
    waiting.push(file)
    if (waiting.length === 1) setTimeout(flush, SEND_MS)
  })
  channel.unref()
}

// tsx adds a query to the names of some modules.
function pathOf(name: string): string {
  const [path = name] = name.split('?', 1)
  return path.startsWith('file:') ? fileURLToPath(path) : path
}

function send(own: NodeJS.Process, message: FromSpare): void {
  if (own.connected) own.send?.(message, () => undefined)
}
