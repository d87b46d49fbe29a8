// The fields of a request on the way from a client to a target.

import { getHeader, getListHeader } from '../../http/headers.ts'
import { listHasToken } from '../../http/list.ts'
import { addClientFields, CLAIMS } from './client-fields.ts'
import { HOP_BY_HOP, namedFields } from './hop-by-hop.ts'
import type { HeaderPairs, HttpScope, WebSocketScope } from '../../contract/events.ts'
import type { RemoteSettings } from './settings.ts'

// The server has answered Expect; `Proxy` would set HTTP_PROXY in CGI (CVE-2016-5385).
const DROPPED = new Set([...HOP_BY_HOP, ...CLAIMS, 'expect', 'proxy', 'host', 'content-length'])
// A server that folds names, as WSGI does, reads `content_length` as Content-Length (RFC 3875, 4.1.18).
const MEANT_ONCE = new Set([
  ...DROPPED,
  'authorization',
  'content-type',
  'cookie',
  'content-encoding',
])

type FieldSettings = Pick<RemoteSettings, 'host' | 'forwarded' | 'mountPath'>

/**
 * The fields for a target, in a list in which names and values alternate. Content-Length is not among them: the sender
 * of the body knows it.
 *
 * @param targetHost the Host that means the target
 */
export function requestFields(
  scope: HttpScope | WebSocketScope,
  targetHost: string,
  settings: FieldSettings,
): string[] {
  const { headers } = scope
  const clientHost = getHeader(headers, 'host')
  const fields = ['host', hostFor(settings.host, targetHost, clientHost)]
  const connection = getListHeader(headers, 'connection')
  const named = connection === undefined ? undefined : namedFields(connection)
  for (const [name, value] of headers) {
    if (DROPPED.has(name) || named?.has(name) || isDisguised(name, headers)) continue
    fields.push(name, value)
  }
  if (takesTrailers(headers)) fields.push('te', 'trailers')
  addClientFields(fields, scope, clientHost, settings)
  if (settings.mountPath === 'strip' && scope.rootPath !== '') {
    fields.push('x-forwarded-prefix', encodeURI(scope.rootPath))
  }
  return fields
}

function hostFor(wanted: string, targetHost: string, clientHost: string | undefined): string {
  if (wanted === 'target') return targetHost
  if (wanted !== 'keep') return wanted
  // HTTP/1.0 has requests without Host; HTTP/1.1 to the target needs one.
  return clientHost === undefined ? targetHost : clientHost
}

// `x_forwarded_for` and X-Forwarded-For are one variable to a server that folds names. The server drops such fields by
// default, but not with `headerMap: 'dangerous'`.
function isDisguised(name: string, headers: HeaderPairs): boolean {
  if (!name.includes('_')) return false
  const folded = name.replaceAll('_', '-')
  return MEANT_ONCE.has(folded) || headers.some((pair) => pair[0] === folded)
}

function takesTrailers(headers: HeaderPairs): boolean {
  return listHasToken(getListHeader(headers, 'te'), 'trailers')
}
