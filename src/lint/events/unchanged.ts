// Whether an app left its scope as it was: whoever wants another one makes a copy.

import { breach } from './breach.ts'
import type { Scope } from '../../contract/events.ts'

/** A copy of `scope` to compare it with later: its keys, and its headers. */
export function copyScope(scope: Scope): Scope {
  if (!('headers' in scope)) return { ...scope }
  return { ...scope, headers: scope.headers.map(([name, value]) => [name, value]) }
}

/**
 * Throws when the app has changed its scope where outer code sees it. What is in `state` is the app's.
 *
 * @throws {@link LintError} `ISTHMUS_LINT`
 * @see ASGI 3.0, "Middleware"
 */
export function checkUnchanged(before: Scope, after: Scope): void {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  for (const key of keys) {
    const [was, is] = [before, after].map(
      (scope) => (scope as unknown as Record<string, unknown>)[key],
    )
    const same = key === 'headers' ? JSON.stringify(was) === JSON.stringify(is) : was === is
    if (same) continue
    throw breach(
      'app',
      'the scope',
      `it changed scope.${key} in place`,
      'change a copy: { ...scope }',
    )
  }
}
