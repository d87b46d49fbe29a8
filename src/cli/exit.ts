// The end of the process, which no thread can put off.

import { settlesWithin } from '../waiting/settles-within.ts'
import type { Worker } from 'node:worker_threads'

const THREADS_END_MS = 1_000

const threads = new Set<Worker>()

/** Keeps count of the threads that are running: to be called before the first one starts. */
export function watchThreads(): void {
  process.on('worker', (thread) => {
    // Node 20 tells of its own thread for module hooks too, whose end would be that of the process.
    if (thread.constructor.name === 'InternalWorker') return
    threads.add(thread)
    thread.once('exit', () => threads.delete(thread))
  })
}

/**
 * Ends the process with `status`, and its threads with it. One that is inside a blocking call (`execSync`, a
 * database driver) cannot be ended, and process.exit() would wait for it: after a second the process is killed.
 */
export function exit(status: number): void {
  const ends = [...threads].map((thread) => {
    // Nobody is to take its end for a crash, and replace it.
    thread.removeAllListeners('exit')
    return thread.terminate()
  })
  const end = (ended: boolean): void => {
    if (!ended) process.kill(process.pid, 'SIGKILL')
    process.exit(status)
  }
  settlesWithin(Promise.all(ends), THREADS_END_MS).then(end, () => end(false))
}
