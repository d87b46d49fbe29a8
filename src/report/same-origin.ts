// The guard of changes: another site cannot make the browser of an operator change a share.

import { getHeader } from '../http/headers.ts'
import type { HeaderPairs } from '../contract/events.ts'

/**
 * The reason to refuse a request that changes something; undefined for one that comes from a page of this origin, or
 * from a client that is no browser.
 *
 * A form of another site has no JSON to send. A browser says in `Sec-Fetch-Site` where a request comes from; an old one
 * says it in `Origin`. A client with neither of them is no browser, so no site can use it.
 *
 * @see the algorithm of Go's `http.CrossOriginProtection`, and Fetch Metadata (W3C)
 */
export function foreignChange(headers: HeaderPairs): string | undefined {
  const type = getHeader(headers, 'content-type') ?? ''
  if (!/^application\/json *(?:;|$)/i.test(type)) {
    return 'changes are JSON: send content-type: application/json'
  }
  return isSameOrigin(headers)
    ? undefined
    : 'changes come from the page itself, not from other sites'
}

function isSameOrigin(headers: HeaderPairs): boolean {
  const site = getHeader(headers, 'sec-fetch-site')
  if (site !== undefined) return site === 'same-origin'
  const origin = getHeader(headers, 'origin')
  return origin === undefined || hostOf(origin) === getHeader(headers, 'host')?.toLowerCase()
}

// The scheme stays out: behind a proxy that ends TLS, the server does not know it.
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
