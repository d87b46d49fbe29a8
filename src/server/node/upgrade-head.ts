// The heads of requests that ask for an upgrade.

import { listHasToken } from '../../http/list.ts'
import type { IncomingMessage } from 'node:http'

/** Whether `req` asks for a WebSocket. RFC 9110, 7.8: HTTP/1.0 has no upgrades. */
export function isHandshake({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion !== '1.0' && listHasToken(headers.upgrade, 'websocket')
}

/** The bytes of the head of `req`, without its fields Upgrade. */
export function headWithoutUpgrade(req: IncomingMessage): Buffer {
  const { method, url, httpVersion, rawHeaders } = req
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.toLowerCase() !== 'upgrade') head += `${name}: ${rawHeaders[at + 1]}\r\n`
  }
  return Buffer.from(`${head}\r\n`, 'latin1')
}
