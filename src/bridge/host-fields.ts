// The headers that only a host sets, because it delimits the response of its app (PEP 3333, "Other HTTP Features").

import type { HeaderPairs } from '../contract/events.ts'

const HOST_FIELDS = new Set(['transfer-encoding', 'connection'])

/** `headers` without the fields that only the host sets. */
export function withoutHostFields(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => !HOST_FIELDS.has(name))
}
