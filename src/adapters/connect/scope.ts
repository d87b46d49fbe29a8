// The scope of the app inside of the middleware.

import { parseTarget } from '../../http/target.ts'
import type { HttpScope } from '../../contract/events.ts'
import type { InnerRequest } from '../node/internals.ts'

/**
 * A copy of `scope` with the request of the middleware, and with the method and the URL that they have left.
 *
 * @param url the URL that the request had before the middleware
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) for a changed URL that is malformed
 */
export function innerScope(
  scope: HttpScope,
  req: InnerRequest,
  url: string | undefined,
): HttpScope {
  const inner = { ...scope, 'isthmus.node': { req: req as InnerRequest & Record<string, unknown> } }
  if (req.method !== undefined) inner.method = req.method
  if (req.url !== undefined && req.url !== url) setTarget(inner, req.url)
  return inner
}

/** `scope` without the extension that sends a file by its path: the bytes of the file would go past `res.write()`. */
export function withoutPathsend(scope: HttpScope): HttpScope {
  const { 'http.response.pathsend': _, ...extensions } = scope.extensions
  scope.extensions = extensions
  return scope
}

// The URL that middleware see is the part below the mount.
function setTarget(scope: HttpScope, url: string): void {
  const rooted = url.startsWith('/') || !url.includes('://') ? `/${url.replace(/^\//, '')}` : url
  const { path, rawPath, queryString } = parseTarget(scope.method, rooted)
  const { rootPath } = scope
  scope.path = rootPath + path
  scope.rawPath = encodeURI(rootPath) + rawPath
  scope.queryString = queryString
}
