// The field that tells an app that its request is a copy.

import type { HeaderPairs, HttpScope, WebSocketScope } from '../../contract/events.ts'

const MARK = 'isthmus-shadow'

/** `headers` with the mark: `1`, or `baseline` for the copy to the old app. */
export function marked(headers: HeaderPairs, value: '1' | 'baseline'): HeaderPairs {
  return [...headers, [MARK, value]]
}

/** `scope` without a mark: an app may do less for a copy, and a client must not choose that. */
export function unmarked<Outer extends HttpScope | WebSocketScope>(scope: Outer): Outer {
  for (const [name] of scope.headers) {
    if (name !== MARK) continue
    return { ...scope, headers: scope.headers.filter((pair) => pair[0] !== MARK) }
  }
  return scope
}
