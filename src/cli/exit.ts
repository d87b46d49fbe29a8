// Ends the process in any case, even if a thread does not end.

import { settlesWithin } from '../waiting/settles-within.ts'
import type { Worker } from 'node:worker_threads'

const THREADS_END_MS = 1_000
const SIGNAL_MS = 1_000

const threads = new Set<Worker>()

/** Keeps a list of the running threads. The command calls it before the first thread starts. */
export function watchThreads(): void {
  process.on('worker', (thread) => {
    // Node 20 reports its own thread for module hooks too; ending that thread ends the process.
    if (thread.constructor.name === 'InternalWorker') return
    threads.add(thread)
    thread.once('exit', () => threads.delete(thread))
  })
}

/**
 * Ends the process and its threads. A thread inside a blocking call (`execSync`, a database driver) does not end, and
 * process.exit() waits for it, so after a second the process kills itself.
 *
 * @param status the exit status of the process
 */
export function exit(status: number): void {
  const ends = [...threads].map((thread) => {
    // The pool must not take the end for a crash and replace the thread.
    thread.removeAllListeners('exit')
    return thread.terminate()
  })
  const end = (ended: boolean): void => {
    if (!ended) process.kill(process.pid, 'SIGKILL')
    // The kernel does not let process 1 of a container kill itself; a crash ends that process, too.
    if (!ended) process.abort()
    process.exit(status)
  }
  settlesWithin(Promise.all(ends), THREADS_END_MS).then(end, () => end(false))
}

/**
 * Ends the process whose terminal was closed, by the SIGHUP of the terminal: at process.exit() Node restores the terminal, and
 * aborts if that is gone.
 */
export function exitByHangup(status: number): void {
  process.removeAllListeners('SIGHUP')
  process.kill(process.pid, 'SIGHUP')
  // Process 1 of a container gets no signal without a handler.
  setTimeout(() => exit(status), SIGNAL_MS)
}
