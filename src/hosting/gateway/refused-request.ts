// The messages in the place of a request that cannot cross.

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
  }
  return [request, { type: 'cancel', id, error: toErrorData(error) }]
}
