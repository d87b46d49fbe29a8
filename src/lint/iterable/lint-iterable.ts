// Lint for async-iterable apps: the checks of lint for sync apps, with awaited calls.

import { arrayBytes, checkedBody } from '../../sync/app-body.ts'
import { WrappedFile } from '../../sync/file-wrapper.ts'
import { LintedBody } from '../sync/body.ts'
import { asBreach } from '../breach.ts'
import { checkEnviron } from '../sync/environ.ts'
import { LintedResponse } from '../sync/response.ts'
import { LintedErrors } from '../sync/streams.ts'
import { LintedAsyncBody } from './body.ts'
import { LintedAsyncInput } from './input.ts'
import type { AsyncBody, IterableApp, SyncBody } from '../../contract/environ.ts'
import type { Parties } from '../breach.ts'

const PARTIES: Parties = { app: 'app', server: 'server' }
const CALL = 'PEP 3333 (The Application/Framework Side)'

/**
 * Wraps `app` so that the party that breaks the contract gets a {@link LintError} (`ISTHMUS_LINT`):
 * `<party> broke <rule>: <fact>; <remedy>`. Responses stay the same to the byte. It is for tests, because the checks
 * cost more time than most apps.
 *
 * @example
 * await using client = await testClient(iterable(lintIterable(app)))
 * @see PEP 3333; the async-iterable interface is its variant with awaited calls
 */
export function lintIterable(app: IterableApp): IterableApp {
  return async function linted(environ, startResponse) {
    checkEnviron(environ, PARTIES.server)
    environ['wsgi.input'] = new LintedAsyncInput(environ['wsgi.input'], PARTIES)
    environ['wsgi.errors'] = new LintedErrors(environ['wsgi.errors'], PARTIES)

    const response = new LintedResponse(environ.REQUEST_METHOD, startResponse, PARTIES)
    return lintedBody(await app(environ, response.startResponse), response)
  }
}

function lintedBody(returned: unknown, response: LintedResponse): AsyncBody | SyncBody {
  if (isAsyncIterable(returned)) return new LintedAsyncBody(returned, response, PARTIES)

  const body = asBreach(PARTIES.app, CALL, () => checkedBody(returned))
  // The server adds up the lengths of an Array and recognizes its own files, so lint returns these two unchanged.
  if (body instanceof WrappedFile) return body
  if (!Array.isArray(body)) return new LintedBody(body, response, PARTIES, () => undefined)
  asBreach(PARTIES.app, CALL, () => arrayBytes(body))
  for (const chunk of body) response.admit(chunk)
  response.finish()
  return body as SyncBody
}

function isAsyncIterable(value: unknown): value is AsyncBody {
  return typeof (value as AsyncBody | null | undefined)?.[Symbol.asyncIterator] === 'function'
}
