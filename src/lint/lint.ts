// lint(): the validator that fits an app, whichever style it is of.

import { lintEvents } from './events/lint-events.ts'
import { lintIterable } from './iterable/lint-iterable.ts'
import { events, iterable, styleOf, sync } from '../bridge/style.ts'
import { lintSync } from './sync/lint-sync.ts'
import type { App } from '../bridge/style.ts'

/**
 * Wraps `app`, of any style, so that every breach of its contract is a {@link LintError} (`ISTHMUS_LINT`):
 * `<who> broke <rule>: <what>; <remedy>`. What is returned is an app of the same style.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) when the style of `app` cannot be told
 *
 * @example
 * await using client = await testClient(lint(app))
 */
export function lint(app: App): App {
  const styled = styleOf(app)
  switch (styled.style) {
    case 'sync':
      return sync(lintSync(styled.app))
    case 'iterable':
      return iterable(lintIterable(styled.app))
    case 'events':
      return events(lintEvents(styled.app))
  }
}
