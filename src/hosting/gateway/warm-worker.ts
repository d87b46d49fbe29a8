// A worker in store for a pool: it has loaded everything except for its app. A development server has one, because the start of a
// thread takes longer than the load of most apps.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Transferable, WorkerOptions } from 'node:worker_threads'

// The sources run in the tests alone, with the built module.
const FIRST_MODULE = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/hosting/thread/warm-worker.js', import.meta.url)
  : new URL('../thread/warm-worker.js', import.meta.url)

let store: Worker | undefined

/**
 * Starts a worker, which the next thread of any pool without an environment and limits of its own takes. Resolves when it is
 * warm.
 *
 * @param typescript the URL of a module, if the app is in TypeScript; null if it is not
 */
export async function storeWorker(typescript: string | null): Promise<void> {
  const worker = new Worker(FIRST_MODULE, { name: 'isthmus', workerData: { typescript } })
  await once(worker, 'message')
  // A worker that no pool takes does not keep the process alive.
  worker.unref()
  store = worker
}

/** Takes the worker that is in store, and gives it the data of a thread. */
export function takeStored({
  workerData,
  transferList,
  env,
  resourceLimits,
}: WorkerOptions): Worker | undefined {
  if (store === undefined || env || resourceLimits) return undefined
  const worker = store
  store = undefined
  const environment = { ...process.env }
  worker.postMessage({ data: workerData, environment }, transferList as readonly Transferable[])
  worker.ref()
  return worker
}
