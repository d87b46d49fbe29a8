// The URL of a server, by the place at which it listens.

import type { ServerAddress } from './engine.ts'

/** `http://127.0.0.1:8000`, or `unix:/path`. */
export function urlOf(address: ServerAddress, scheme: string): string {
  if ('path' in address) return `unix:${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${scheme}://${host}:${address.port}`
}
