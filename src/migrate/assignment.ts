// Which app a client has: its id gives a number, and the number is below the share or not. So a client keeps the new app
// when the share grows, and gets it back when the share has fallen and grows again.

import { getHeader } from '../http/headers.ts'
import { clientCookie, clientId, cookieOf } from './client-cookie.ts'
import type { HttpScope, WebSocketScope } from '../contract/events.ts'
import type { Sticky } from './options.ts'

type ClientScope = HttpScope | WebSocketScope

/** The app of a client. */
export interface Assignment {
  isNew: boolean
  /** The `Set-Cookie` for the answer; null for none. */
  cookie: string | null
}

const OLD: Assignment = { isNew: false, cookie: null }
const NEW: Assignment = { isNew: true, cookie: null }

/** Draws the app for a request. A share of 0 or 1 draws nothing. */
export function assign(scope: ClientScope, share: number, sticky: Sticky): Assignment {
  if (share === 0) return OLD
  if (share === 1) return NEW
  if (sticky === false) return Math.random() < share ? NEW : OLD
  if (typeof sticky === 'function') return known(sticky(scope), share)
  if ('header' in sticky) return known(getHeader(scope.headers, sticky.header), share)

  const id = cookieOf(scope.headers, sticky.cookie)
  return id === undefined ? newcomer(scope, share, sticky.cookie) : known(id, share)
}

// A client without an id has the old app: with a draw for each request it would get both apps in turn.
function known(id: string | undefined, share: number): Assignment {
  if (id !== undefined && typeof id !== 'string') {
    throw new TypeError(`the function of sticky returns a string or undefined, got ${typeof id}`)
  }
  return id !== undefined && numberOf(id) < share ? NEW : OLD
}

function newcomer({ scheme }: ClientScope, share: number, name: string): Assignment {
  const id = clientId()
  const isSecure = scheme === 'https' || scheme === 'wss'
  return { isNew: numberOf(id) < share, cookie: clientCookie(name, id, isSecure) }
}

/** The number of a client in [0, 1): FNV-1a, then the last steps of MurmurHash3, which spread ids such as `u1`, `u2`. */
function numberOf(id: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
