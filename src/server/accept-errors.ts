// Connections that the system does not hand over, most often because the process has no free descriptor.

import { readFileSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import type { Log } from '../contract/log.ts'

// Further connections fail in each turn of the event loop.
const REPORT_MS = 10_000
// The report comes before the last descriptors are used: files and the connections of the app need descriptors too.
const LAST_DESCRIPTORS = 16

const REMEDY = 'raise the limit of open files of this process (ulimit -n, LimitNOFILE)'

/**
 * Logs that connections of `server` cannot be accepted, or soon cannot, with the remedy: at once, and then at most every
 * 10 s.
 *
 * Without a free descriptor, libuv accepts each connection with a spare one and closes it, and reports no error. So the
 * number of a new socket's descriptor is compared with the limit: the system always takes the lowest free number.
 */
export function reportAcceptErrors(server: Server, log: Log): void {
  const limit = openFilesLimit()
  let reportedAt = -Infinity
  const report = (fields: object, message: string): void => {
    const now = performance.now()
    if (now - reportedAt < REPORT_MS) return
    reportedAt = now
    log.error({ ...fields }, message)
  }

  server.on('connection', (socket: Socket) => {
    if (descriptorOf(socket) < limit - LAST_DESCRIPTORS) return
    report({ limit }, `almost all descriptors are in use, then connections are closed: ${REMEDY}`)
  })
  server.on('error', (err: NodeJS.ErrnoException) => {
    const isFull = err.code === 'EMFILE' || err.code === 'ENFILE'
    report({ err }, `accepting failed${isFull ? `: ${REMEDY}` : ''}`)
  })
}

// Node has no documented name for the descriptor of a socket.
function descriptorOf(socket: Socket & { _handle?: { fd?: number } | null }): number {
  return socket._handle?.fd ?? -1
}

// At its start Node raises the soft limit to the hard one. Other systems than Linux have no such file.
function openFilesLimit(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return Number(soft ?? Infinity)
  } catch {
    return Infinity
  }
}
