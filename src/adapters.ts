/**
 * Apps of other kinds on isthmus, and apps of isthmus inside other servers.
 *
 * @example
 * import { fromNode } from 'isthmus/adapters'
 *
 * await using server = await serve(fromNode(expressApp))
 *
 * @module isthmus/adapters
 */

export { fromNode } from './adapters/node/from-node.ts'
export type { FromNodeOptions, NodeHandler } from './adapters/node/from-node.ts'
export { fromConnect } from './adapters/connect/from-connect.ts'
export type { ConnectErrorHandler, ConnectMiddleware } from './adapters/connect/plan.ts'
export { fromFetch } from './adapters/fetch/from-fetch.ts'
export type {
  FetchContext,
  FetchEnvironment,
  FetchHandler,
  FetchSocket,
  FromFetchOptions,
} from './adapters/fetch/from-fetch.ts'
export { remote } from './adapters/remote/remote.ts'
export type { RemoteApp, RemoteStats } from './adapters/remote/remote.ts'
export type {
  RemoteBalance,
  RemoteHealthOptions,
  RemoteOptions,
  RemoteTlsOptions,
} from './adapters/remote/settings.ts'
export type { TargetReport } from './contract/report.ts'
export { toNode } from './server/to-node.ts'
export type { EmbeddedHandler } from './server/to-node.ts'
export { toFetch } from './server/to-fetch.ts'
export type { EmbeddedFetch } from './server/to-fetch.ts'
export type { ToFetchOptions, ToNodeOptions } from './server/embedded/options.ts'
