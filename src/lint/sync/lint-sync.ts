// Lint for sync apps: the validator of PEP 3333, between a server and an app.

import { arrayBytes, checkedBody } from '../../sync/app-body.ts'
import { describe } from '../../sync/chunk.ts'
import { WrappedFile } from '../../sync/file-wrapper.ts'
import { LintedBody } from './body.ts'
import { asBreach, breach } from '../breach.ts'
import { checkEnviron } from './environ.ts'
import { LintedResponse } from './response.ts'
import { LintedErrors, LintedInput } from './streams.ts'
import type { Chunk, Environ, StartResponse, SyncApp, SyncBody } from '../../contract/environ.ts'
import type { AppBody } from '../../sync/app-body.ts'
import type { Parties } from '../breach.ts'

const CALL = 'PEP 3333 (The Application/Framework Side)'

/** An app under lint. A test calls `assertClosed()` after its requests. */
export interface LintedApp extends SyncApp {
  /** @throws {@link LintError} (`ISTHMUS_LINT`) if the server has not closed each body that the app returned */
  assertClosed(): void
}

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
  let openBodies = 0

  function linted(environ: Environ, startResponse: StartResponse, ...extra: unknown[]): SyncBody {
    checkCall(startResponse, extra, names)
    checkEnviron(environ, names.server)
    environ['wsgi.input'] = new LintedInput(environ['wsgi.input'], names)
    environ['wsgi.errors'] = new LintedErrors(environ['wsgi.errors'], names)

    const response = new LintedResponse(environ.REQUEST_METHOD, startResponse, names)
    const returned: unknown = app(environ, response.startResponse)
    const body = asBreach(names.app, CALL, () => checkedBody(returned))
    if (Array.isArray(body)) return checkedArray(body, response, names)
    if (body instanceof WrappedFile) return body

    openBodies += 1
    return new LintedBody(body, response, names, () => (openBodies -= 1))
  }

  function assertClosed(): void {
    if (openBodies === 0) return
    throw breach(
      names.server,
      CALL,
      `${openBodies} bodies were not closed`,
      'close each in any case',
    )
  }

  return Object.assign(linted, { assertClosed })
}

function checkCall(startResponse: unknown, extra: unknown[], names: Parties): void {
  if (typeof startResponse !== 'function') {
    const fact = `the second argument of the app is ${describe(startResponse)}`
    throw breach(names.server, CALL, fact, 'call it with environ and startResponse')
  }
  if (extra.length === 0) return
  const fact = `the app was called with ${2 + extra.length} arguments`
  throw breach(names.server, CALL, fact, 'call it with environ and startResponse only')
}

function checkedArray(
  body: AppBody & unknown[],
  response: LintedResponse,
  names: Parties,
): Chunk[] {
  asBreach(names.app, CALL, () => arrayBytes(body))
  for (const chunk of body) response.admit(chunk)
  response.finish()
  return body as Chunk[]
}
