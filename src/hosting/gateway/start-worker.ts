// Starts the worker of a pool thread.

import { Worker } from 'node:worker_threads'
import { takeStored } from './warm-worker.ts'
import type { WorkerOptions } from 'node:worker_threads'
import type { ThreadData } from '../protocol/thread-data.ts'

// Options of a worker, with the data of a pool thread.
type PoolWorkerOptions = WorkerOptions & { workerData: ThreadData }

/** @throws the error of the system that has no thread to give */
export function startWorker(options: PoolWorkerOptions): Worker {
  const stored = takeStored(options)
  if (stored) return stored
  if (import.meta.url.endsWith('.ts')) return startBuilt(options)
  // Bundlers and file tracers find the module of a worker by exactly this expression.
  return new Worker(new URL('../thread/worker.js', import.meta.url), options)
}

// The sources run in the tests alone. Their threads run the built worker: to register tsx costs a thread four times the
// CPU of its start, so only an app in TypeScript pays for it.
function startBuilt(options: PoolWorkerOptions): Worker {
  const worker = new URL('../../../dist/hosting/thread/worker.js', import.meta.url)
  if (new URL(options.workerData.target.url).pathname.endsWith('.js')) {
    return new Worker(worker, options)
  }
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const entry = JSON.stringify(worker.href)
  const script = `import(${tsx}).then(({ register }) => { register(); return import(${entry}) })`
  return new Worker(script, { ...options, eval: true })
}
