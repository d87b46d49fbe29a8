// lint(): wraps an app of any style in the validator of its style.

import { branded, styleOf } from '../bridge/style.ts'
import { lintEvents } from './events/lint-events.ts'
import { lintIterable } from './iterable/lint-iterable.ts'
import { lintSync } from './sync/lint-sync.ts'
import type { App } from '../bridge/style.ts'
import type { CloseCheck } from './open-bodies.ts'

/**
 * Wraps `app`, of any style, so that every breach of its contract is a {@link LintError} (`ISTHMUS_LINT`):
 * `<party> broke <rule>: <fact>; <remedy>`. Returns an app of the same style with a method `assertClosed()`, which
 * throws if a body that the app returned was not closed. A body that is dropped without being closed is a process
 * warning as well, when its memory is collected.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a value that is no app
 * @see PEP 3333; ASGI 3.0; wsgiref.validate
 *
 * @example
 * await using client = await testClient(lint(app))
 *
 * @example
 * const inner = lint(app)
 * await using client = await testClient(middleware(inner))
 * await client.get('/')
 * inner.assertClosed()
 */
export function lint<Linted extends App>(app: Linted): Linted & CloseCheck {
  // The brand is put on the very function that lint made. The function of sync() would hide the number of arguments.
  return branded(lintedApp(app), styleOf(app).style, app) as Linted & CloseCheck
}

function lintedApp(app: App): App & CloseCheck {
  const styled = styleOf(app)
  switch (styled.style) {
    case 'sync':
      return lintSync(styled.app)
    case 'iterable':
      return lintIterable(styled.app)
    case 'events':
      // An event app returns no body, so there is none to close.
      return Object.assign(lintEvents(styled.app), { assertClosed: () => undefined })
  }
}
