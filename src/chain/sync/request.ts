// The request around a sync app: it reads an environ.

import { copyEnviron, environName, setUser } from '../../bridge/scope-to-environ.ts'
import { checkedHeaders } from '../../http/headers.ts'
import { bodyWatch, WatchedInput } from '../body-watch.ts'
import { eitherSignal } from '../earlier-end.ts'
import { EnvironHeaders } from '../request-headers.ts'
import type { Environ } from '../../contract/environ.ts'
import type { ResponseEnd } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { AbortSignalLike } from '../interruption.ts'
import type { ChainRequest, FinishHooks, RequestChanges } from '../request.ts'

/** The request of `environ`; `hooks` takes the callbacks of the middleware. */
export class EnvironRequest implements ChainRequest {
  readonly environ: Environ
  readonly #hooks: FinishHooks

  constructor(environ: Environ, hooks: FinishHooks) {
    this.environ = environ
    this.#hooks = hooks
  }

  get kind(): 'http' {
    return 'http'
  }

  get method(): string {
    return this.environ.REQUEST_METHOD
  }

  get scheme(): 'http' | 'https' {
    return this.environ['wsgi.url_scheme'] === 'https' ? 'https' : 'http'
  }

  get path(): string {
    return this.environ.SCRIPT_NAME + this.environ.PATH_INFO
  }

  get rawPath(): string {
    return this.environ.REQUEST_URI?.split('?', 1)[0] ?? encodeURI(this.path)
  }

  get rootPath(): string {
    return this.environ.SCRIPT_NAME
  }

  get queryString(): string {
    return this.environ.QUERY_STRING
  }

  get headers(): EnvironHeaders {
    return new EnvironHeaders(this.environ)
  }

  get client(): ChainRequest['client'] {
    const { REMOTE_ADDR, REMOTE_PORT } = this.environ
    return REMOTE_ADDR ? [REMOTE_ADDR, Number(REMOTE_PORT ?? 0)] : null
  }

  get state(): Record<string, unknown> {
    return (this.environ['isthmus.state'] ??= {})
  }

  get log(): Log | undefined {
    return this.environ['isthmus.scope']?.['isthmus.exchange']?.log
  }

  get scope(): undefined {
    return undefined
  }

  with(changes: RequestChanges): EnvironRequest {
    const environ = copyEnviron(this.environ)
    const { method, scheme, queryString, headers, state } = changes
    if (method !== undefined) environ.REQUEST_METHOD = method
    if (scheme !== undefined) {
      environ['wsgi.url_scheme'] = scheme === 'https' || scheme === 'wss' ? 'https' : 'http'
    }
    if (queryString !== undefined) environ.QUERY_STRING = queryString
    if (changes.auth) {
      setUser(environ, changes.auth)
      const exchange = environ['isthmus.scope']?.['isthmus.exchange']
      if (exchange) exchange.user = changes.auth.user
    }
    if (state) environ['isthmus.state'] = { ...this.state, ...state }
    if (changes.client !== undefined) setClient(environ, changes.client)
    if (headers) setHeaders(environ, headers)
    if (changes.signal) setSignal(environ, this.environ, changes.signal)
    if (changes.onBody) {
      environ['wsgi.input'] = new WatchedInput(environ['wsgi.input'], bodyWatch(changes.onBody))
    }
    setPath(environ, changes.rootPath ?? this.rootPath, changes.path ?? this.path)
    return new EnvironRequest(environ, this.#hooks)
  }

  onFinish(callback: (end: ResponseEnd) => void): void {
    this.#hooks.onFinish(callback)
  }

  onAccept(callback: () => void): void {
    this.#hooks.onAccept(callback)
  }
}

// The signals are made at the first access, because few apps use them.
function setSignal(environ: Environ, outer: Environ, given: AbortSignalLike): void {
  let signal: AbortSignal | undefined
  Object.defineProperty(environ, 'isthmus.signal', {
    get() {
      if (signal) return signal
      const either = eitherSignal(outer['isthmus.signal'], given)
      outer['isthmus.scope']?.['isthmus.exchange']?.onEnd(() => either.release())
      return (signal = either.signal)
    },
    set(value: AbortSignal) {
      signal = value
    },
    enumerable: true,
    configurable: true,
  })
}

// CGI cannot express a path outside of the root, so the root becomes empty.
function setPath(environ: Environ, rootPath: string, path: string): void {
  const isUnder = path === rootPath || path.startsWith(`${rootPath}/`)
  environ.SCRIPT_NAME = isUnder ? rootPath : ''
  environ.PATH_INFO = isUnder ? path.slice(rootPath.length) : path
}

function setClient(environ: Environ, client: NonNullable<RequestChanges['client']> | null): void {
  delete environ.REMOTE_ADDR
  delete environ.REMOTE_PORT
  if (!client) return
  environ.REMOTE_ADDR = client[0]
  environ.REMOTE_PORT = String(client[1])
}

function setHeaders(environ: Environ, headers: NonNullable<RequestChanges['headers']>): void {
  for (const [name, value] of Object.entries(headers)) {
    const key = environName(name.toLowerCase())
    if (value === null) delete environ[key]
    else environ[key] = checkedHeaders([[name, value]])[0]?.[1]
  }
}
