// Reads whether a client wants to keep its connection (RFC 9112, 9.3).

import { listHasToken } from './list.ts'
import type { HeaderPairs } from '../contract/events.ts'

/** Whether a request with this `Connection` field, several joined by commas, keeps its connection. */
export function wantsKeepAlive(
  httpVersion: '1.0' | '1.1',
  connection: string | undefined,
): boolean {
  if (connection === undefined) return httpVersion === '1.1'
  // Browsers send this value with every request.
  if (connection === 'keep-alive') return true
  // A client that asks for both gets the close.
  if (listHasToken(connection, 'close')) return false
  return httpVersion === '1.1' || listHasToken(connection, 'keep-alive')
}

/** Changes a finished head: the connection closes after its response (RFC 9112, 9.6). */
export function announceClose(head: { headers: HeaderPairs; keepAlive: boolean }): void {
  head.keepAlive = false
  head.headers = head.headers.filter(([name]) => name !== 'connection')
  head.headers.push(['connection', 'close'])
}
