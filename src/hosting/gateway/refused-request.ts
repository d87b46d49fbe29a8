// The messages in the place of a request that cannot cross.

import { AppError } from '../../errors.ts'
import { toErrorData } from '../protocol/error-data.ts'
import type { RequestMessage, ScopeData, ToHost } from '../protocol/messages.ts'

const NO_SCOPE: ScopeData = {
  httpVersion: '1.1',
  method: 'GET',
  scheme: 'http',
  path: '/',
  rawPath: '/',
  queryString: '',
  rootPath: '',
  headers: [],
  client: null,
  server: null,
  added: null,
}

/** The error of a request with values that cannot be cloned. */
export function cannotCross(cause: unknown): AppError {
  return new AppError('a request cannot cross into its thread', { cause })
}

/** A host runs its requests by their number, so a request without data comes in the place, and is given up at once. */
export function refusedRequest(id: number, nestedIn: number | null, error: Error): ToHost[] {
  const request: RequestMessage = {
    type: 'request',
    id,
    scope: NO_SCOPE,
    environ: null,
    hasBody: false,
    bodyWindow: 0,
    responseWindow: 0,
    nestedIn,
    context: {
      request: { requestId: undefined, traceparent: undefined, deadline: undefined },
      carried: {},
    },
    extensions: null,
  }
  return [request, { type: 'cancel', id, error: toErrorData(error) }]
}
