// lint(): wraps an app of any style in the validator of its style.

import { events, iterable, styleOf, sync } from '../bridge/style.ts'
import { lintEvents } from './events/lint-events.ts'
import { lintIterable } from './iterable/lint-iterable.ts'
import { lintSync } from './sync/lint-sync.ts'
import type { App } from '../bridge/style.ts'

/**
 * Wraps `app`, of any style, so that every breach of its contract is a {@link LintError} (`ISTHMUS_LINT`):
 * `<party> broke <rule>: <fact>; <remedy>`. Returns an app of the same style.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a value that is no app
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
