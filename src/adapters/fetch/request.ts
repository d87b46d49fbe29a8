// A scope as a Request of fetch. A real Request costs more than the rest of an exchange, so it is made only for a caller
// that needs a part which this class has not.

import { inherit } from './light.ts'
import { ScopeHeaders } from './headers.ts'
import { bodyStream, wholeBody } from './request-body.ts'
import { urlOf } from './request-url.ts'
import type { HttpScope, Receive } from '../../contract/events.ts'
import type { Light } from './light.ts'

const NativeRequest = globalThis.Request

/** The request of one exchange. */
export class ScopeRequest implements Light<Request> {
  readonly #scope: HttpScope
  readonly #receive: Receive
  #url: string | undefined
  #headers: ScopeHeaders | undefined
  #native: Request | undefined
  #controller: AbortController | undefined
  #isUsed = false

  constructor(scope: HttpScope, receive: Receive) {
    this.#scope = scope
    this.#receive = receive
  }

  get method(): string {
    return this.#scope.method
  }

  get url(): string {
    return (this.#url ??= urlOf(this.#scope))
  }

  get headers(): ScopeHeaders {
    return (this.#headers ??= new ScopeHeaders(this.#scope.headers))
  }

  /** Aborted when the client leaves. A shutdown does not abort it: the work of the app may end in the grace time. */
  get signal(): AbortSignal {
    return this.#native?.signal ?? this.#abortable()
  }

  get bodyUsed(): boolean {
    return this.#isUsed || (this.#native?.bodyUsed ?? false)
  }

  async text(): Promise<string> {
    const bytes = await this.#bytes()
    return new TextDecoder().decode(bytes)
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text()) as unknown
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#bytes()
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.arrayBuffer())
  }

  native(): Request {
    return (this.#native ??= this.#makeNative())
  }

  #makeNative(): Request {
    const { method } = this.#scope
    const hasBody = method !== 'GET' && method !== 'HEAD' && !this.#isUsed
    const native = new NativeRequest(this.url, {
      method,
      headers: this.headers.native(),
      signal: this.#abortable(),
      ...(hasBody && { body: bodyStream(this.#receive), duplex: 'half' }),
    })
    this.headers.adopt(native.headers)
    return native
  }

  #abortable(): AbortSignal {
    if (this.#controller) return this.#controller.signal
    const controller = new AbortController()
    this.#controller = controller
    this.#scope['isthmus.exchange']?.onDisconnect(() => controller.abort())
    return controller.signal
  }

  async #bytes(): Promise<Buffer> {
    if (this.#native) return Buffer.from(await this.#native.arrayBuffer())
    if (this.#isUsed) throw new TypeError('Body is unusable: Body has already been read')
    this.#isUsed = true
    return wholeBody(this.#receive)
  }
}

inherit(ScopeRequest, NativeRequest)
