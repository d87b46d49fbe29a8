// The path and the query of a request for a target.

import { decodePath } from '../../http/target.ts'
import { targetOf } from '../node/target.ts'
import type { HttpScope, WebSocketScope } from '../../contract/events.ts'
import type { RemoteSettings } from './settings.ts'

/**
 * The path and the query of `scope`, byte for byte as the client sent them, unless a middleware has changed the path.
 * With `strip`, the path begins after that of the mount.
 */
export function requestPath(
  scope: HttpScope | WebSocketScope,
  { mountPath }: Pick<RemoteSettings, 'mountPath'>,
): string {
  const { path, rawPath, queryString } = scope
  if (mountPath === 'strip') return targetOf(scope).url
  if (rawPath !== path && decodePath(rawPath) !== path) {
    const { mount, url } = targetOf(scope)
    return mount?.originalUrl ?? url
  }
  return queryString === '' ? rawPath : `${rawPath}?${queryString}`
}
