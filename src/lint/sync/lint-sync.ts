// Lint for sync apps: stands between a server and an app, and raises what either does against PEP 3333.

import { arrayBytes, checkedBody } from '../../sync/app-body.ts'
import { describe } from '../../sync/chunk.ts'
import { WrappedFile } from '../../sync/file-wrapper.ts'
import { LintedBody } from './body.ts'
import { asBreach, breach } from './breach.ts'
import { checkEnviron } from './environ.ts'
import { LintedResponse } from './response.ts'
import { LintedErrors, LintedInput } from './streams.ts'
import type { Chunk, Environ, StartResponse, SyncApp, SyncBody } from '../../contract/environ.ts'
import type { AppBody } from '../../sync/app-body.ts'
import type { Parties } from './breach.ts'

const CALL = 'PEP 3333 (The Application/Framework Side)'

/** A linted app: an app, and a question to ask when its requests are over. */
export interface LintedApp extends SyncApp {
  /** @throws LintError (`ISTHMUS_LINT`) when a body that was returned has not been closed */
  assertClosed(): void
}

/**
 * Wraps `app` so that every breach of the contract throws a `LintError` (`ISTHMUS_LINT`) at the one who
 * commits it: `"<who> broke <rule>: <what>; <remedy>"`. Answers stay the same to the byte, so that Array
 * bodies and wrapped files pass as they are, checked. For tests: the checks cost more than most apps.
 *
 * @param parties how messages call the two sides; default `app` and `server`
 * @see PEP 3333; wsgiref.validate; werkzeug's LintMiddleware; Rack::Lint
 *
 * @example
 * const app = lintSync(myApp)
 * const response = await client(app).get('/')
 * app.assertClosed()
 */
export function lintSync(app: SyncApp, parties: Partial<Parties> = {}): LintedApp {
  const who: Parties = { app: 'app', server: 'server', ...parties }
  let openBodies = 0

  function linted(environ: Environ, startResponse: StartResponse, ...rest: unknown[]): SyncBody {
    checkCall(startResponse, rest, who)
    checkEnviron(environ, who.server)
    environ['wsgi.input'] = new LintedInput(environ['wsgi.input'], who)
    environ['wsgi.errors'] = new LintedErrors(environ['wsgi.errors'], who)

    const response = new LintedResponse(environ.REQUEST_METHOD, startResponse, who)
    const returned: unknown = app(environ, response.startResponse)
    const body = asBreach(who.app, CALL, () => checkedBody(returned))
    if (Array.isArray(body)) return checkedArray(body, response, who)
    if (body instanceof WrappedFile) return body

    openBodies += 1
    return new LintedBody(body, response, who, () => (openBodies -= 1))
  }

  function assertClosed(): void {
    if (openBodies === 0) return
    throw breach(who.server, CALL, `${openBodies} bodies were not closed`, 'close each in any case')
  }

  return Object.assign(linted, { assertClosed })
}

function checkCall(startResponse: unknown, rest: unknown[], who: Parties): void {
  if (typeof startResponse !== 'function') {
    const what = `the second argument of the app is ${describe(startResponse)}`
    throw breach(who.server, CALL, what, 'call it with environ and startResponse')
  }
  if (rest.length === 0) return
  const what = `the app was called with ${2 + rest.length} arguments`
  throw breach(who.server, CALL, what, 'call it with environ and startResponse only')
}

function checkedArray(body: AppBody & unknown[], response: LintedResponse, who: Parties): Chunk[] {
  asBreach(who.app, CALL, () => arrayBytes(body))
  for (const chunk of body) response.admit(chunk)
  response.finish()
  return body as Chunk[]
}
