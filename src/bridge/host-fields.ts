// What an app inside another host may not say: the host delimits its response itself (PEP 3333, "Other HTTP
// Features").

import type { HeaderPairs } from '../contract/events.ts'

const HOST_FIELDS = new Set(['transfer-encoding', 'connection'])

/** `headers` without the fields that are the host's own. */
export function withoutHostFields(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => !HOST_FIELDS.has(name))
}
