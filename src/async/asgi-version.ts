// The version of ASGI that HTTP and WebSocket scopes contain.

import type { HttpScope } from '../contract/events.ts'

/** `scope.asgi` of HTTP and WebSocket scopes. @see ASGI HTTP & WebSocket 2.5, "HTTP Connection Scope" */
export const ASGI: HttpScope['asgi'] = Object.freeze({
  version: '3.0',
  specVersion: '2.5',
} as const)
