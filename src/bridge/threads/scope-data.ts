// The part of a scope that crosses: its own keys as they are, and of what others have added what is data.

import { crossing } from './crossing.ts'
import type { HttpScope } from '../../contract/events.ts'
import type { ScopeData } from './messages.ts'

const OWN = new Set(
  'type asgi httpVersion method scheme path rawPath queryString rootPath headers client server extensions'.split(
    ' ',
  ),
)
// State goes its own way; the others belong to this side.
const STAYS = new Set(['state', 'isthmus.connection', 'isthmus.environ'])

/** `scope` as data. */
export function scopeData(scope: HttpScope): ScopeData {
  const own: Record<string, unknown> = {}
  const added: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(scope)) {
    if (OWN.has(key)) own[key] = value
    else if (!STAYS.has(key)) added[key] = value
  }
  return Object.assign(own, crossing(added).data) as unknown as ScopeData
}
