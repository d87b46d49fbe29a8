// A case: the part of an upstream, the part of a client, and the fact that shows.

import type { Script, Upstream } from './upstream.ts'
import type { Wire } from './wire.ts'

/** The things that a case looks at. */
export interface Place {
  /** Opens a connection to the proxy. */
  client: () => Promise<Wire>
  /** The URL of the proxy for WebSockets. */
  webSocketUrl: string
  upstreams: readonly Upstream[]
  /** The first upstream. */
  upstream: Upstream
}

/** One row of the table. */
export interface ComparedCase {
  name: string
  /** The part of each upstream; null refuses connections. Default: one that answers each request with `ok`. */
  upstreams?: ReadonlyArray<Script | null>
  /** How long the proxy waits for an upstream, in ms. Default 60,000. */
  timeoutMs?: number
  /** Does the client's part, and says the fact in a few words. */
  look: (place: Place) => Promise<string>
}

/** The rows under one heading. */
export interface CaseGroup {
  title: string
  cases: readonly ComparedCase[]
}
