// The URL of a request of node:http. A mounted handler gets the part below its mount, as Express and connect do it.

import { decodePath } from '../../http/target.ts'
import type { HttpScope } from '../../contract/events.ts'

/** The URL of a request. */
interface RequestTarget {
  url: string
  /** The fields of Express and connect; undefined at the root. */
  mount: { baseUrl: string; originalUrl: string } | undefined
}

/** The target of `scope`: from its raw path, if this is the path that the scope names now, so that escapes are kept. */
export function targetOf(scope: HttpScope): RequestTarget {
  const { path, rawPath, rootPath, queryString } = scope
  const query = queryString === '' ? '' : `?${queryString}`
  if (rootPath === '') {
    const isSame = rawPath === path || decodePath(rawPath) === path
    return { url: (isSame ? rawPath : encoded(path)) + query, mount: undefined }
  }
  const below = path.slice(rootPath.length)
  const rawBelow = rawSuffix(rawPath, below) ?? encoded(below)
  const baseUrl = encoded(rootPath)
  const mount = { baseUrl, originalUrl: baseUrl + rawBelow + query }
  return { url: (rawBelow.startsWith('/') ? rawBelow : `/${rawBelow}`) + query, mount }
}

// The end of `rawPath` that decodes to `below`; undefined if a middleware has changed the path.
function rawSuffix(rawPath: string, below: string): string | undefined {
  if (!rawPath.includes('%')) {
    return rawPath.endsWith(below) ? rawPath.slice(rawPath.length - below.length) : undefined
  }
  for (let at = rawPath.length; at >= 0; at = at === 0 ? -1 : rawPath.lastIndexOf('/', at - 1)) {
    const raw = rawPath.slice(at)
    if (decodePath(raw) === below) return raw
  }
  return undefined
}

function encoded(path: string): string {
  return encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')
}
