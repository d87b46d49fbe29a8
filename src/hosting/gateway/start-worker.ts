// Starts the worker of a pool thread.

import { Worker } from 'node:worker_threads'
import type { WorkerOptions } from 'node:worker_threads'

/** @throws the error of the system that has no thread to give */
export function startWorker(options: WorkerOptions): Worker {
  if (import.meta.url.endsWith('.ts')) return startSource(options)
  // Bundlers and file tracers find the module of a worker by exactly this expression.
  return new Worker(new URL('../thread/worker.js', import.meta.url), options)
}

// A worker does not load TypeScript by itself: a script registers tsx first.
function startSource(options: WorkerOptions): Worker {
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const entry = JSON.stringify(new URL('../thread/worker.ts', import.meta.url).href)
  const script = `import(${tsx}).then(({ register }) => { register(); return import(${entry}) })`
  return new Worker(script, { ...options, eval: true })
}
