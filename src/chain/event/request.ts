// The request around an app that awaits: it reads a scope.

import { checkedHeaders } from '../../http/headers.ts'
import { bodyWatch, watchedReceive } from '../body-watch.ts'
import { withEarlierEnd } from '../earlier-end.ts'
import { ScopeHeaders } from '../request-headers.ts'
import type { BodyWatch } from '../body-watch.ts'
import type {
  HeaderPairs,
  HttpScope,
  Receive,
  ResponseEnd,
  WebSocketScope,
} from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { AbortSignalLike } from '../interruption.ts'
import type { EarlierEnd } from '../earlier-end.ts'
import type { ChainRequest, FinishHooks, RequestChanges } from '../request.ts'

const NO_WATCHES: readonly BodyWatch[] = []
const NO_ENDS: readonly EarlierEnd[] = []

/** The request of `scope`; `hooks` takes the callbacks of the middleware. */
export class ScopeRequest implements ChainRequest {
  readonly scope: HttpScope | WebSocketScope
  readonly #hooks: FinishHooks
  readonly #watches: readonly BodyWatch[]
  readonly #ends: readonly EarlierEnd[]

  constructor(
    scope: HttpScope | WebSocketScope,
    hooks: FinishHooks,
    watches: readonly BodyWatch[] = NO_WATCHES,
    ends: readonly EarlierEnd[] = NO_ENDS,
  ) {
    this.scope = scope
    this.#hooks = hooks
    this.#watches = watches
    this.#ends = ends
  }

  get kind(): 'http' | 'websocket' {
    return this.scope.type
  }

  get method(): string {
    return this.scope.type === 'http' ? this.scope.method : 'GET'
  }

  get scheme(): ChainRequest['scheme'] {
    return this.scope.scheme
  }

  get path(): string {
    return this.scope.path
  }

  get rawPath(): string {
    return this.scope.rawPath
  }

  get rootPath(): string {
    return this.scope.rootPath
  }

  get queryString(): string {
    return this.scope.queryString
  }

  get headers(): ScopeHeaders {
    return new ScopeHeaders(this.scope.headers)
  }

  get client(): ChainRequest['client'] {
    return this.scope.client
  }

  get state(): Record<string, unknown> {
    return this.scope.state
  }

  get log(): Log | undefined {
    return this.scope['isthmus.exchange']?.log
  }

  get environ(): undefined {
    return undefined
  }

  with(changes: RequestChanges): ScopeRequest {
    const { headers, state, scheme, auth, onBody, signal, ...plain } = changes
    const { scope } = this
    const copy = { ...scope, ...plain } as HttpScope | WebSocketScope
    if (scheme !== undefined) copy.scheme = schemeFor(scope.type, scheme) as never
    if (headers) copy.headers = changedHeaders(scope.headers, headers)
    if (state) copy.state = { ...scope.state, ...state }
    if (auth) {
      copy['isthmus.auth'] = auth
      if (copy['isthmus.exchange']) copy['isthmus.exchange'].user = auth.user
    }
    const watches = onBody ? [...this.#watches, bodyWatch(onBody)] : this.#watches
    const ends = signal ? this.#withEnd(copy, signal) : this.#ends
    return new ScopeRequest(copy, this.#hooks, watches, ends)
  }

  /** Removes the listeners on the signals of `with({ signal })` when `over` settles. */
  releaseAfter(over: Promise<unknown>): void {
    if (this.#ends.length === 0) return
    const release = (): void => {
      for (const end of this.#ends) end.release()
    }
    over.then(release, release)
  }

  /** The `receive` for the app: it shows the body to the callbacks of `with({ onBody })`. */
  watched(receive: Receive): Receive {
    return this.#watches.length === 0 ? receive : watchedReceive(receive, this.#watches)
  }

  onFinish(callback: (end: ResponseEnd) => void): void {
    this.#hooks.onFinish(callback)
  }

  onAccept(callback: () => void): void {
    this.#hooks.onAccept(callback)
  }

  #withEnd(copy: HttpScope | WebSocketScope, signal: AbortSignalLike): readonly EarlierEnd[] {
    const outer = copy['isthmus.exchange']
    if (!outer) return this.#ends
    const end = withEarlierEnd(outer, signal)
    copy['isthmus.exchange'] = end.exchange
    return [...this.#ends, end]
  }
}

function schemeFor(kind: 'http' | 'websocket', scheme: string): string {
  const isSecure = scheme === 'https' || scheme === 'wss'
  if (kind === 'http') return isSecure ? 'https' : 'http'
  return isSecure ? 'wss' : 'ws'
}

function changedHeaders(
  headers: HeaderPairs,
  changes: NonNullable<RequestChanges['headers']>,
): HeaderPairs {
  const names = new Set(Object.keys(changes).map((name) => name.toLowerCase()))
  const added = Object.entries(changes).filter((change): change is [string, string] => {
    return change[1] !== null
  })
  return [...headers.filter(([name]) => !names.has(name)), ...checkedHeaders(added)]
}
