// Lint for classic middleware `(app: SyncApp) => SyncApp`: checks it as the server of its app, and as the app of its
// server (PEP 3333, "Middleware").

import { LintedBody } from './body.ts'
import { breach } from '../breach.ts'
import { lintSync } from './lint-sync.ts'
import { onClose } from './returned.ts'
import type { Chunk, Environ, SyncApp, SyncBody } from '../../contract/environ.ts'
import type { LintedApp } from './lint-sync.ts'

const BLOCKS = 'PEP 3333 (Middleware Handling of Block Boundaries)'
const CLOSE = 'PEP 3333 (Specification Details)'

// The inner app in one request. `yields` counts its chunks since the last chunk of the middleware.
interface Ledger {
  yields: number
  openBodies: number
}

type ClosableBody = SyncBody & { close(): void }

/**
 * Wraps a middleware so that both of its sides are linted. It throws a {@link LintError} (`ISTHMUS_LINT`) if the
 * middleware takes a second chunk of the inner app before it yields one of its own, or does not close the body of the
 * inner app. The middleware may take a whole Array at once.
 *
 * @example
 * const app = lintWrap(uppercase)(hello)
 */
export function lintWrap(wrap: (app: SyncApp) => SyncApp): (app: SyncApp) => LintedApp {
  return (app) => {
    // The ledger is in the environ, so that it stays there when the middleware passes on a copy.
    const key = Symbol('lint ledger')
    const inner = recordInner(lintSync(app, { server: 'middleware' }), key)
    // Lint comes before the ledger, which would hide the kind of body that the middleware returned.
    const outer = lintSync(wrap(inner), { app: 'middleware' })
    return lintSync(settleOuter(outer, key), { app: 'middleware' })
  }
}

function recordInner(app: SyncApp, key: symbol): SyncApp {
  return (environ, startResponse) => {
    const body = app(environ, startResponse)
    const ledger = ledgers(environ)[key]
    if (ledger === undefined || body.close === undefined) return body

    ledger.openBodies += 1
    const closed = (): void => void (ledger.openBodies -= 1)
    // An Array and a file are passed on as they are, because the middleware may treat them in a way of its own.
    if (!(body instanceof LintedBody)) return onClose(body as ClosableBody, closed)
    return new ObservedBody(body, () => countYield(ledger), closed)
  }
}

function settleOuter(app: SyncApp, key: symbol): SyncApp {
  return (environ, startResponse) => {
    const ledger: Ledger = { yields: 0, openBodies: 0 }
    ledgers(environ)[key] = ledger
    const body = app(environ, startResponse)
    if (body instanceof LintedBody) {
      const onYield = (): void => void (ledger.yields = 0)
      return new ObservedBody(body, onYield, () => requireClosed(ledger))
    }
    if (body.close !== undefined) return onClose(body as ClosableBody, () => requireClosed(ledger))
    requireClosed(ledger)
    return body
  }
}

function countYield(ledger: Ledger): void {
  ledger.yields += 1
  if (ledger.yields === 1) return
  const fact = 'it took a second chunk of the inner app before it yielded for the first'
  throw breach('middleware', BLOCKS, fact, "yield at least '' for each")
}

function requireClosed(ledger: Ledger): void {
  if (ledger.openBodies === 0) return
  const fact = 'it did not close the body of the inner app'
  throw breach('middleware', CLOSE, fact, 'forward close(), or close a body that you replace')
}

function ledgers(environ: Environ): Record<symbol, Ledger | undefined> {
  return environ as unknown as Record<symbol, Ledger | undefined>
}

class ObservedBody implements Iterable<Chunk> {
  readonly #body: SyncBody
  readonly #onYield: () => void
  readonly #onClose: () => void

  constructor(body: SyncBody, onYield: () => void, onClose: () => void) {
    this.#body = body
    this.#onYield = onYield
    this.#onClose = onClose
  }

  *[Symbol.iterator](): Generator<Chunk, undefined> {
    for (const chunk of this.#body) {
      this.#onYield()
      yield chunk
    }
    return undefined
  }

  close(): void {
    this.#body.close?.()
    this.#onClose()
  }
}
