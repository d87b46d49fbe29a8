// A Response that keeps its arguments. A real Response costs more than the rest of an exchange, so it is made only for a
// caller that needs a part which this class has not.

import { inherit } from './light.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { Light } from './light.ts'

const NativeResponse = globalThis.Response
const NativeHeaders = globalThis.Headers

/** The parts of a response whose body is whole. */
interface ResponseParts {
  status: number
  headers: HeaderPairs
  body: string | Uint8Array
}

type Body = ConstructorParameters<typeof Response>[0]

/** The class that takes the place of `globalThis.Response`. */
export class LightResponse implements Light<Response> {
  readonly #status: number
  readonly #statusText: string
  // A string or bytes of its own; else the real object has the body.
  readonly #body: string | Uint8Array | null
  // The fields as pairs, until code asks for the Headers.
  readonly #pairs: HeaderPairs
  #headers: Headers | undefined
  #native: Response | undefined

  constructor(body: Body = null, init: ResponseInit = {}) {
    this.#status = init.status ?? 200
    this.#statusText = init.statusText ?? ''
    this.#body = wholeBody(body)
    this.#pairs = pairsOf(init.headers)
    // The real class has the errors for illegal arguments, and takes the other kinds of bodies.
    const isPlain = this.#body !== null || body === null
    if (isPlain && isPlainHead(this.#status, this.#statusText, body)) addType(this.#pairs, body)
    else this.#native = new NativeResponse(body, init)
  }

  static json(data: unknown, init: ResponseInit = {}): Response {
    const headers = new NativeHeaders(init.headers)
    if (!headers.has('content-type')) headers.set('content-type', 'application/json')
    const { status = 200, statusText = '' } = init
    const response = new LightResponse(JSON.stringify(data), { status, statusText, headers })
    return response as unknown as Response
  }

  /** The parts of a light response; undefined for another one, and for one whose body is a stream. */
  static partsOf(response: object): ResponseParts | undefined {
    return #native in response ? response.#parts() : undefined
  }

  static [Symbol.hasInstance](this: unknown, value: unknown): boolean {
    // A class that an app derives inherits this method.
    const kind = this === LightResponse ? NativeResponse : (this as typeof NativeResponse)
    return Function.prototype[Symbol.hasInstance].call(kind, value)
  }

  get status(): number {
    return this.#native?.status ?? this.#status
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get headers(): Headers {
    if (this.#native) return this.#native.headers
    return (this.#headers ??= new NativeHeaders(this.#pairs))
  }

  native(): Response {
    return (this.#native ??= new NativeResponse(this.#body as Body, {
      status: this.#status,
      statusText: this.#statusText,
      headers: this.headers,
    }))
  }

  #parts(): ResponseParts | undefined {
    if (this.#native) return undefined
    const headers = this.#headers ? [...this.#headers] : this.#pairs
    return { status: this.#status, headers, body: this.#body ?? '' }
  }
}

inherit(LightResponse, NativeResponse)

// Fetch, 6.4: the bytes of the caller are copied.
function wholeBody(body: unknown): string | Uint8Array | null {
  if (typeof body === 'string') return body
  return body instanceof Uint8Array ? Uint8Array.from(body) : null
}

function isPlainHead(status: number, statusText: string, body: unknown): boolean {
  if (!Number.isInteger(status) || status < 200 || status > 599 || statusText !== '') return false
  return body === null || (status !== 204 && status !== 205 && status !== 304)
}

function pairsOf(headers: ResponseInit['headers']): HeaderPairs {
  if (!headers) return []
  if (headers instanceof NativeHeaders) return [...headers]
  const given: Iterable<readonly unknown[]> =
    Symbol.iterator in headers ? headers : entriesOf(headers)
  const pairs: HeaderPairs = []
  for (const [name = '', value = ''] of given)
    pairs.push([String(name).toLowerCase(), String(value)])
  return pairs
}

function entriesOf(headers: object): unknown[][] {
  return Object.entries(headers)
}

function addType(pairs: HeaderPairs, body: unknown): void {
  if (typeof body !== 'string' || pairs.some(([name]) => name === 'content-type')) return
  pairs.push(['content-type', 'text/plain;charset=UTF-8'])
}
