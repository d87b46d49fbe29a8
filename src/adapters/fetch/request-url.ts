// The URL of a scope, as `new URL().href` writes it, without the cost of a parser for ordinary targets.

import type { HttpScope } from '../../contract/events.ts'

// A parser changes none of these: there is no escape, no empty or dotted segment that it would remove, no backslash.
const PLAIN_PATH = /^(?:\/[\w!$&'()*+,;=:@~-][\w!$&'()*+,;=:@~.-]*)*\/?$/
const PLAIN_QUERY = /^[\w!$&()*+,;=:@~./?%[\]{}|^`-]*$/
const PLAIN_HOST = /^[a-z\d.-]+(?::\d{4,5})?$/

/** The whole URL of a request, mount prefix included. */
export function urlOf(scope: HttpScope): string {
  const { scheme, rawPath, queryString } = scope
  const host = hostOf(scope)
  const path = rawPath === '*' ? '/*' : rawPath
  const url = `${scheme}://${host}${path}${queryString === '' ? '' : `?${queryString}`}`
  const isPlain = PLAIN_PATH.test(path) && PLAIN_QUERY.test(queryString) && isPlainHost(host)
  return isPlain ? url : new URL(url).href
}

function hostOf({ headers, server }: HttpScope): string {
  for (const { 0: name, 1: value } of headers) if (name === 'host' && value !== '') return value
  if (server === null || server[1] === null) return 'localhost'
  const [address, port] = server
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}

// Most requests of a server have the same host.
let plainHost = ''

function isPlainHost(host: string): boolean {
  if (host === plainHost) return true
  if (!PLAIN_HOST.test(host) || new URL(`http://${host}`).host !== host) return false
  plainHost = host
  return true
}
