// The header fields of a request, as a middleware reads them: the same answers from a scope and from an environ.

import { environName, separatorOf } from '../bridge/scope-to-environ.ts'
import { headersOf } from '../bridge/environ-to-scope.ts'
import { getAllHeaders } from '../http/headers.ts'
import type { Environ } from '../contract/environ.ts'
import type { HeaderPairs } from '../contract/events.ts'

/** Request headers, read only; names may be in any case. */
export interface RequestHeaders extends Iterable<readonly [name: string, value: string]> {
  /** The value of `name`, with repeated fields joined (RFC 9110, 5.3; cookies: RFC 6265, 5.4); undefined if there is none. */
  get(name: string): string | undefined
  /** The values of `name` one by one; around a sync app one joined value, because CGI joins them. */
  getAll(name: string): string[]
  /** Whether the request has a value of `name`. */
  has(name: string): boolean
}

/** The headers of a scope. */
export class ScopeHeaders implements RequestHeaders {
  readonly #pairs: HeaderPairs

  constructor(pairs: HeaderPairs) {
    this.#pairs = pairs
  }

  get(name: string): string | undefined {
    const lowerName = name.toLowerCase()
    let joined: string | undefined
    for (const [own, value] of this.#pairs) {
      if (own === lowerName)
        joined = joined === undefined ? value : joined + separatorOf(own) + value
    }
    return joined
  }

  getAll(name: string): string[] {
    return getAllHeaders(this.#pairs, name.toLowerCase())
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#pairs[Symbol.iterator]()
  }
}

/** The headers of an environ. */
export class EnvironHeaders implements RequestHeaders {
  readonly #environ: Environ

  constructor(environ: Environ) {
    this.#environ = environ
  }

  get(name: string): string | undefined {
    const key = environName(name.toLowerCase())
    const value = this.#environ[key]
    if (typeof value !== 'string') return undefined
    // CGI sets CONTENT_TYPE and CONTENT_LENGTH to an empty string for a request without them (RFC 3875, 4.1.2, 4.1.3).
    return value === '' && !key.startsWith('HTTP_') ? undefined : value
  }

  getAll(name: string): string[] {
    const value = this.get(name)
    return value === undefined ? [] : [value]
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return headersOf(this.#environ)[Symbol.iterator]()
  }
}
