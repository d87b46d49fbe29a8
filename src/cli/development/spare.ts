// The process of a development server: it waits, warm, for the order to load the app.

import { pathToFileURL } from 'node:url'
import { prepareTypeScript } from '../../bridge/app-module.ts'
import { watchListening } from '../../bridge/listen-watch.ts'
import { storeWorker } from '../../hosting/gateway/warm-worker.ts'
import { preloadEntries } from '../../hosting/preload.ts'
import { LOAD_VARIABLE } from '../../reload-page.ts'
import { openInspector } from './inspector.ts'
import { fromParent, SPARE_VARIABLE } from './messages.ts'
import type { FromSpare, LoadOrder } from './messages.ts'

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
  const { load, inspector } = await ordered
  own.env[LOAD_VARIABLE] = String(load)
  if (inspector) openInspector(inspector)
  watchListening(() => send(own, { type: 'isthmus.development.listens' }))
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

function send(own: NodeJS.Process, message: FromSpare): void {
  if (own.connected) own.send?.(message, () => undefined)
}
