// The standard output of a thread. Node keeps it in the memory of the thread until the reader of the process has read it,
// so a reader that has stalled would fill that memory.

import type { Writable } from 'node:stream'
import type { Log } from '../../contract/log.ts'

// One request may print a lot: its thread sends nothing before the request is over.
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Drops writes to `stream` while 16 MiB wait there. The log says when that begins, and how many writes are lost when the
 * reader has caught up.
 *
 * @param name the word for the stream in the log, like `stdout`
 */
export function boundOutput(stream: Writable, name: string, log: Log): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
  let lost = 0
  const bounded = (...args: unknown[]): boolean => {
    if (stream.writableLength < MAX_BYTES) return write(...args)
    if (lost === 0) log.warn({ stream: name }, 'the output of a thread is not read: it is dropped')
    lost += 1
    const callback = args.at(-1)
    if (typeof callback === 'function') process.nextTick(callback)
    return false
  }
  stream.write = bounded as Writable['write']
  stream.on('drain', () => {
    if (lost > 0) log.warn({ stream: name, lost }, 'the output of a thread is read again')
    lost = 0
  })
}
