// Lint for sync apps: the validator of PEP 3333, between a server and an app.

import { WrappedFile } from '../../sync/file-wrapper.ts'
import { OpenBodies } from '../open-bodies.ts'
import { LintedBody } from './body.ts'
import { checkCall } from './call.ts'
import { checkEnviron } from './environ.ts'
import { LintedResponse } from './response.ts'
import { checkedArray, checkedReturn, watchClose } from './returned.ts'
import { LintedErrors, LintedInput } from './streams.ts'
import type { Environ, StartResponse, SyncApp, SyncBody } from '../../contract/environ.ts'
import type { Parties } from '../breach.ts'
import type { CloseCheck } from '../open-bodies.ts'

/**
 * An app under lint. A test calls `assertClosed()` after its requests.
 *
 * @inline
 */
export type LintedApp = SyncApp & CloseCheck

/**
 * Wraps `app` so that the party that breaks the contract gets a {@link LintError} (`ISTHMUS_LINT`):
 * `<party> broke <rule>: <fact>; <remedy>`. Responses stay the same to the byte: Array bodies and wrapped files are
 * checked and returned unchanged. It is for tests, because the checks cost more time than most apps.
 *
 * @param parties the names of the two sides in messages; default `app` and `server`
 * @see PEP 3333; wsgiref.validate; werkzeug's LintMiddleware; Rack::Lint
 *
 * @example
 * const app = lintSync(myApp)
 * const response = await client(app).get('/')
 * app.assertClosed()
 */
export function lintSync(app: SyncApp, parties: Partial<Parties> = {}): LintedApp {
  const names: Parties = { app: 'app', server: 'server', ...parties }
  const open = new OpenBodies(names)

  function linted(environ: Environ, startResponse: StartResponse): SyncBody {
    checkCall(arguments.length, startResponse, names.server)
    checkEnviron(environ, names.server)
    environ['wsgi.input'] = new LintedInput(environ['wsgi.input'], names)
    environ['wsgi.errors'] = new LintedErrors(environ['wsgi.errors'], names)

    const response = new LintedResponse(environ, startResponse, names)
    const body = checkedReturn(app(environ, response.startResponse), names.app)
    if (body instanceof WrappedFile) return watchClose(body, open)
    if (Array.isArray(body)) return checkedArray(body, response, names.app, open)
    return new LintedBody(body, response, names, open)
  }

  return Object.assign(linted, { assertClosed: () => open.assertClosed() })
}
