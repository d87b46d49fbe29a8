// The options of undici for one attempt of a request.

import { requestFields } from './request-fields.ts'
import { requestPath } from './request-path.ts'
import type { HttpScope } from '../../contract/events.ts'
import type { RemoteSettings } from './settings.ts'
import type { TargetAddress } from './target-address.ts'

/** The options of one request, as undici takes them. Its own types do not know bodies that can be iterated. */
export interface AttemptRequest {
  method: string
  path: string
  /** Names and values alternate. */
  headers: string[]
  body: Buffer | AsyncIterable<Uint8Array> | null
  /** How long the head of the response may take, in ms; null for the time of the connection. */
  headersTimeout: number | null
  reset: boolean | null
}

/** The options of a request without a body. */
export function dispatchOptions(
  scope: HttpScope,
  { host }: TargetAddress,
  settings: RemoteSettings,
): AttemptRequest {
  return {
    method: scope.method,
    path: requestPath(scope, settings),
    headers: requestFields(scope, host, settings),
    body: null,
    headersTimeout: null,
    reset: null,
  }
}
