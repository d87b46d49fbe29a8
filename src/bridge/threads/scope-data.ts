// The part of a scope that crosses: its own keys as they are, and of what others have added what is data.

import { crossing } from './crossing.ts'
import type { HttpScope } from '../../contract/events.ts'
import type { ScopeData } from './messages.ts'

const OWN = new Set([
  'type',
  'asgi',
  'httpVersion',
  'method',
  'scheme',
  'path',
  'rawPath',
  'queryString',
  'rootPath',
  'headers',
  'client',
  'server',
  'extensions',
])

/** `scope` as data: without the server's side, and without state, which goes its own way. */
export function scopeData(scope: HttpScope): ScopeData {
  const { state: _state, 'isthmus.connection': _connection, ...data } = scope
  return Object.keys(data).every((key) => OWN.has(key)) ? data : withoutStrangers(data)
}

function withoutStrangers(scope: ScopeData): ScopeData {
  const own = Object.entries(scope).filter(([key]) => OWN.has(key))
  // The environ that a scope was made of has the body and the functions of its own side.
  const added = Object.entries(scope).filter(([key]) => !OWN.has(key) && key !== 'isthmus.environ')
  const { data } = crossing(Object.fromEntries(added))
  return { ...data, ...Object.fromEntries(own) } as ScopeData
}
