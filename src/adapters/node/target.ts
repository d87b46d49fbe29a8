// The URL of a request of node:http. A mounted handler gets the part below its mount, as Express and connect do it.

import { decodePath } from '../../http/target.ts'
import type { HttpScope } from '../../contract/events.ts'

/** The part of a scope that names its target. */
type Named = Pick<HttpScope, 'path' | 'rawPath' | 'rootPath' | 'queryString'>

/** The URL of a request. */
interface RequestTarget {
  url: string
  /** The fields of Express and connect; undefined at the root. */
  mount: { baseUrl: string; originalUrl: string } | undefined
}

/** The target of `scope`: from its raw path, if this is the path that the scope names now, so that escapes are kept. */
export function targetOf(scope: Named): RequestTarget {
  const { path, rawPath, rootPath, queryString } = scope
  const query = queryString === '' ? '' : `?${queryString}`
  if (rootPath === '') {
    const isSame = rawPath === path || decodePath(rawPath) === path
    return { url: (isSame ? rawPath : encoded(path)) + query, mount: undefined }
  }
  const below = path.slice(rootPath.length)
  const rawBelow = rawBelowRoot(scope, below) ?? encoded(below)
  const baseUrl = encoded(rootPath)
  const mount = { baseUrl, originalUrl: baseUrl + rawBelow + query }
  return { url: (rawBelow.startsWith('/') ? rawBelow : `/${rawBelow}`) + query, mount }
}

// The rest of the raw path after the root path; undefined if a middleware has changed the path. The search ends at the
// length of the root path, which no client chooses.
function rawBelowRoot({ rawPath, rootPath }: Named, below: string): string | undefined {
  // In the mode `prepend`, the client has not sent the root path.
  if (decodePath(rawPath) === below) return rawPath
  for (let at = 0; at < rawPath.length;) {
    const slash = rawPath.indexOf('/', at + 1)
    at = slash < 0 ? rawPath.length : slash
    const root = decodePath(rawPath.slice(0, at))
    if (root.length > rootPath.length) return undefined
    if (root !== rootPath) continue
    const rest = rawPath.slice(at)
    return decodePath(rest) === below ? rest : undefined
  }
  return undefined
}

function encoded(path: string): string {
  return encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')
}
