// The kinds of files. Only a regular file is a body: a read of another kind may wait for ever.

import type { Stats } from 'node:fs'

/**
 * The kind of a file that is not regular, with its article, for messages; null for a regular file.
 *
 * A thread that reads a FIFO, a socket or a terminal waits until the other side writes, and no signal ends the wait.
 *
 * @param stats of the open descriptor, because the file at a path may change between two calls
 *
 * @example
 * const kind = irregularKind(fstatSync(fd))
 * if (kind !== null) throw new Error(`the descriptor ${fd} is ${kind}, not a regular file`)
 */
export function irregularKind(stats: Stats): string | null {
  if (stats.isFile()) return null
  if (stats.isDirectory()) return 'a directory'
  if (stats.isFIFO()) return 'a FIFO'
  if (stats.isSocket()) return 'a socket'
  if (stats.isCharacterDevice()) return 'a character device'
  if (stats.isBlockDevice()) return 'a block device'
  return 'of an unknown kind'
}
