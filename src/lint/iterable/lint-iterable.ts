// Lint for async-iterable apps: what lint for sync apps checks, where the app may await.

import { arrayBytes, checkedBody } from '../../sync/app-body.ts'
import { WrappedFile } from '../../sync/file-wrapper.ts'
import { LintedBody } from '../sync/body.ts'
import { asBreach } from '../sync/breach.ts'
import { checkEnviron } from '../sync/environ.ts'
import { LintedResponse } from '../sync/response.ts'
import { LintedErrors } from '../sync/streams.ts'
import { LintedAsyncBody } from './body.ts'
import { LintedAsyncInput } from './input.ts'
import type { AsyncBody, IterableApp, SyncBody } from '../../contract/environ.ts'
import type { Parties } from '../sync/breach.ts'

const WHO: Parties = { app: 'app', server: 'server' }
const CALL = 'PEP 3333 (The Application/Framework Side)'

/**
 * Wraps `app` so that every breach of the contract throws a {@link LintError} (`ISTHMUS_LINT`) at the one who
 * commits it: `<who> broke <rule>: <what>; <remedy>`. Answers stay the same to the byte. For tests: the
 * checks cost more than most apps.
 *
 * @example
 * await using client = await testClient(iterable(lintIterable(app)))
 * @see PEP 3333, of which the async-iterable interface is a variant
 */
export function lintIterable(app: IterableApp): IterableApp {
  return async function linted(environ, startResponse) {
    checkEnviron(environ, WHO.server)
    environ['wsgi.input'] = new LintedAsyncInput(environ['wsgi.input'], WHO)
    environ['wsgi.errors'] = new LintedErrors(environ['wsgi.errors'], WHO)

    const response = new LintedResponse(environ.REQUEST_METHOD, startResponse, WHO)
    return lintedBody(await app(environ, response.startResponse), response)
  }
}

function lintedBody(returned: unknown, response: LintedResponse): AsyncBody | SyncBody {
  if (isAsyncIterable(returned)) return new LintedAsyncBody(returned, response, WHO)

  const body = asBreach(WHO.app, CALL, () => checkedBody(returned))
  // The server sums an Array up and recognises its own files: these two pass as they are.
  if (body instanceof WrappedFile) return body
  if (!Array.isArray(body)) return new LintedBody(body, response, WHO, () => undefined)
  asBreach(WHO.app, CALL, () => arrayBytes(body))
  for (const chunk of body) response.admit(chunk)
  response.finish()
  return body as SyncBody
}

function isAsyncIterable(value: unknown): value is AsyncBody {
  return typeof (value as AsyncBody | null | undefined)?.[Symbol.asyncIterator] === 'function'
}
