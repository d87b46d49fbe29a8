// Lint for async-iterable apps: the checks of lint for sync apps, with awaited calls.

import { WrappedFile } from '../../sync/file-wrapper.ts'
import { OpenBodies } from '../open-bodies.ts'
import { LintedBody } from '../sync/body.ts'
import { checkCall } from '../sync/call.ts'
import { checkAsyncInput, checkEnviron } from '../sync/environ.ts'
import { LintedResponse } from '../sync/response.ts'
import { checkClose, checkedArray, checkedReturn, watchClose } from '../sync/returned.ts'
import { LintedErrors } from '../sync/streams.ts'
import { LintedAsyncBody } from './body.ts'
import { LintedAsyncInput } from './input.ts'
import type {
  AsyncBody,
  IterableApp,
  IterableEnviron,
  StartResponse,
  SyncBody,
} from '../../contract/environ.ts'
import type { Parties } from '../breach.ts'
import type { CloseCheck } from '../open-bodies.ts'

const PARTIES: Parties = { app: 'app', server: 'server' }

/**
 * Wraps `app` so that the party that breaks the contract gets a {@link LintError} (`ISTHMUS_LINT`):
 * `<party> broke <rule>: <fact>; <remedy>`. Responses stay the same to the byte. It is for tests, because the checks
 * cost more time than most apps.
 *
 * @example
 * await using client = await testClient(iterable(lintIterable(app)))
 * @see PEP 3333; the async-iterable interface is its variant with awaited calls
 */
export function lintIterable(app: IterableApp): IterableApp & CloseCheck {
  const open = new OpenBodies(PARTIES)

  async function linted(
    environ: IterableEnviron,
    startResponse: StartResponse,
  ): Promise<AsyncBody | SyncBody> {
    checkCall(arguments.length, startResponse, PARTIES.server)
    checkEnviron(environ, PARTIES.server)
    checkAsyncInput(environ, PARTIES.server)
    environ['wsgi.input'] = new LintedAsyncInput(environ['wsgi.input'], PARTIES)
    environ['wsgi.errors'] = new LintedErrors(environ['wsgi.errors'], PARTIES)

    const response = new LintedResponse(environ, startResponse, PARTIES)
    return lintedBody(await app(environ, response.startResponse), response, open)
  }

  return Object.assign(linted, { assertClosed: () => open.assertClosed() })
}

function lintedBody(
  returned: unknown,
  response: LintedResponse,
  open: OpenBodies,
): AsyncBody | SyncBody {
  if (isAsyncIterable(returned)) {
    checkClose(returned, PARTIES.app)
    return new LintedAsyncBody(returned, response, PARTIES, open)
  }
  const body = checkedReturn(returned, PARTIES.app)
  // The server adds up the lengths of an Array and recognizes its own files, so lint returns these two as they are.
  if (body instanceof WrappedFile) return watchClose(body, open)
  if (Array.isArray(body)) return checkedArray(body, response, PARTIES.app, open)
  return new LintedBody(body, response, PARTIES, open)
}

function isAsyncIterable(value: unknown): value is AsyncBody {
  return typeof (value as AsyncBody | null | undefined)?.[Symbol.asyncIterator] === 'function'
}
