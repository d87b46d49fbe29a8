// What serve() asks of an engine.

/** Where an engine listens. */
export type ServerAddress = { host: string; port: number } | { path: string }

/** An engine: sockets on one side, a dispatcher on the other. */
export interface Engine {
  /** Connections that are open, those of WebSockets included. */
  readonly connections: number
  /** Binds and accepts. Rejects with the system's own error (`EADDRINUSE` …). */
  listen(): Promise<ServerAddress>
  /** Stops accepting and closes idle connections; resolves when no connection is left. */
  drain(): Promise<void>
  /** Cuts every request that is still under way, so that no client can take its response for whole. */
  cutRequests(): void
  /** Says goodbye to the WebSockets that are still open (1001). */
  closeWebSockets(): void
  /** Cuts every connection that is left. */
  destroy(): void
}
