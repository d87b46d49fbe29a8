// Request, Response and fetch of the process. Request and fetch take the light requests of fromFetch(), in which Node does
// not find the marks of its own objects. Response makes light responses.

import { ScopeRequest } from './request.ts'
import { LightResponse } from './response.ts'

let isReplaced = false

/**
 * Replaces `globalThis.Request` and `globalThis.fetch` by functions that hand the real object of a light one on, and
 * `globalThis.Response` by the light class. `instanceof` holds for the objects of both classes.
 */
export function replaceGlobals(): void {
  if (isReplaced) return
  isReplaced = true
  replaceRequest()
  replaceFetch()
  replace('Response', LightResponse)
}

function replaceRequest(): void {
  const Native = globalThis.Request
  const replacement = class Request extends Native {
    constructor(input: Request | string | URL, init?: RequestInit) {
      super(realOf(input), init)
    }

    static override [Symbol.hasInstance](this: unknown, value: unknown): boolean {
      // A class that an app derives inherits this method.
      const kind = this === replacement ? Native : (this as typeof Native)
      return Function.prototype[Symbol.hasInstance].call(kind, value)
    }
  }
  replace('Request', replacement)
}

function replaceFetch(): void {
  const native = globalThis.fetch
  function fetch(input: Request | string | URL, init?: RequestInit): Promise<Response> {
    return native(realOf(input), init)
  }
  replace('fetch', fetch)
}

function realOf(input: Request | string | URL): Request | string | URL {
  return input instanceof ScopeRequest ? input.native() : input
}

function replace(name: 'Request' | 'Response' | 'fetch', value: unknown): void {
  const enumerable = Object.prototype.propertyIsEnumerable.call(globalThis, name)
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable })
}
