// The decision of a chain around a sync app, made from the head of a request: a request that a middleware refuses is
// refused before its body is received.

import type { Environ, SyncApp } from '../../contract/environ.ts'

/** A chain that has run up to its app. */
export interface HeadDecision {
  /** Whether the chain calls its app, which may read the body; false if a middleware has answered or thrown. */
  readonly callsApp: boolean
  /** The rest of the chain, for one call with the environ of the decision. */
  readonly rest: SyncApp
  /** The body cannot be received: the middleware get `error` in place of a response of the app. Before the call of `rest`. */
  fail(error: unknown): void
  /** Ends the middleware without a response, and drops their callbacks. In place of the call of `rest`. */
  discard(): void
}

/** Runs a chain up to its app. Never throws: `rest` throws the error of a middleware. */
export type DecideByHead = (environ: Environ) => HeadDecision

// A registered symbol, so that two copies of the library in one process know each other's chains.
const DECIDE = Symbol.for('isthmus.decideByHead.1')

/** Gives `app`, a chain, its decision by the head. */
export function decidingByHead(app: SyncApp, decide: DecideByHead): SyncApp {
  return Object.defineProperty(app, DECIDE, { value: decide })
}

/** The decision of `app` by the head; undefined for an app that is no chain. */
export function decisionByHead(app: SyncApp): DecideByHead | undefined {
  return (app as { [DECIDE]?: DecideByHead })[DECIDE]
}
