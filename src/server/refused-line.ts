// The log line about a request that the server refuses before the app is called. No middleware sees such a request, and
// so accessLog() cannot log it; the line has the same fields.

import { toldEndsOf } from './proxy-protocol/told-ends.ts'
import type { Socket } from 'node:net'
import type { Log } from '../contract/log.ts'
import type { RequestHead } from '../http/request-head.ts'

/** The reason of a refusal. */
export interface RefusalReason {
  readonly status: number
  readonly message: string
  /** The body of the answer, if the reason phrase does not help the client. */
  readonly text?: string
}

/** The peer of a connection. */
export type Peer = Readonly<Pick<Socket, 'remoteAddress' | 'remotePort'>>

/** Logs a refused request whose head could not be read. */
export function logUnread(log: Log, reason: RefusalReason, peer: Peer): void {
  const { remoteAddress, remotePort = 0 } = peer
  const told = toldEndsOf(peer)
  const own = remoteAddress === undefined ? null : ([remoteAddress, remotePort] as const)
  const ends = told === undefined ? own : told.client
  const client = ends && addressOf(...ends)
  logRefused(log, reason, { client, method: null, path: null })
}

/** Logs a refused request by its head; `method` is WEBSOCKET for a handshake. */
export function logRead(
  log: Log,
  reason: RefusalReason,
  { target, ends }: RequestHead,
  method: string,
): void {
  const client = ends.client && addressOf(...ends.client)
  // The query may have secrets.
  const [path = ''] = target.split('?', 1)
  logRefused(log, reason, { client, method, path })
}

interface Facts {
  client: string | null
  method: string | null
  path: string | null
}

function logRefused(log: Log, { status, message }: RefusalReason, facts: Facts): void {
  const { method, path } = facts
  const fields = { ...facts, status, outcome: 'refused' }
  log.info(fields, `${method ?? '-'} ${path ?? '-'} ${status} refused: ${message}`)
}

function addressOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
