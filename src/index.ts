/**
 * isthmus: one server for sync, async-iterable and event apps.
 *
 * @example
 * import { serve } from 'isthmus'
 *
 * await using server = await serve(function* (environ, startResponse) {
 *   startResponse('200 OK', [['Content-Type', 'text/plain']])
 *   yield `Hello, ${environ.PATH_INFO}\n`
 * })
 *
 * @module isthmus
 */

// Hosting
export { serve } from './server/serve.ts'
export type { Server } from './server/serve.ts'
export type { ServerAddress } from './server/engine.ts'
export type { Listener } from './server/listener.ts'
export type {
  HealthOptions,
  ServeOptions,
  SyncOptions,
  WebSocketOptions,
} from './server/options.ts'
export { tlsFiles } from './server/tls/tls-files.ts'
export type { TlsFiles } from './server/tls/tls-files.ts'
export type { TlsFilesOptions, TlsPair } from './server/tls/options.ts'
export type { Shutdown } from './server/shutdown.ts'
export type { ServerStats } from './server/stats.ts'
export { threads } from './hosting/threads.ts'
export { python } from './hosting/python.ts'
export type { PythonApp, PythonStats } from './hosting/python.ts'
export type { PythonInterface, PythonOptions } from './hosting/gateway/process/python-settings.ts'
export type { ProcessEnd, ProcessStart } from './hosting/gateway/process/channels.ts'
export { threadedMiddleware } from './hosting/threaded-middleware.ts'
export type { ThreadOptions } from './hosting/gateway/pool-settings.ts'
export type { ThreadsApp } from './hosting/gateway/threads-app.ts'
export type { BufferingOptions } from './hosting/gateway/buffering/buffering-settings.ts'
export type { BufferStats } from './hosting/gateway/buffering/buffers.ts'
export type { HostedStats, PoolStats } from './hosting/gateway/pool-stats.ts'
export type { HostCounts } from './hosting/gateway/scheduler/hosts.ts'
export type { LoadStats } from './hosting/gateway/scheduler/load-stats.ts'
export type { DurationStats } from './figures/duration-buckets.ts'
export type { ThreadEnd, ThreadStart } from './hosting/gateway/thread-channels.ts'
export { metrics } from './report/metrics/metrics.ts'
export { report } from './report/report.ts'
export type { ReportOptions } from './report/report.ts'
export { mount } from './bridge/mount.ts'
export type { MountTable } from './bridge/mount.ts'
export { wholePath } from './bridge/whole-path.ts'
export { chain } from './chain/chain.ts'
export type { HostedApp } from './bridge/as-event-app.ts'
export { defineConfig } from './cli/config/define-config.ts'
export type {
  ConfigContext,
  ConfigFunction,
  IsthmusConfig,
  PoolConfig,
  PythonConfig,
  RemoteConfig,
  TlsConfig,
} from './cli/config/define-config.ts'

// Styles and bridges
export { events, iterable, sync } from './bridge/style.ts'
export type { App } from './bridge/style.ts'
export { toEvents } from './bridge/to-events.ts'
export { toIterable } from './bridge/to-iterable.ts'
export { toSync } from './hosting/to-sync.ts'
export { errorStream } from './sync/errors-stream.ts'
export { carry, currentRequest } from './bridge/request-context.ts'
export type { RequestContext } from './bridge/request-context.ts'
export { websocket } from './async/websocket-app.ts'
export type { SocketJoinOptions } from './async/joining-socket.ts'
export type { AppSocket } from './async/websocket-app.ts'

// Contracts
export type * from './contract/accept-options.ts'
export type * from './contract/blocking-websocket.ts'
export type * from './contract/environ.ts'
export type * from './contract/checked-user.ts'
export type * from './contract/events.ts'
export type * from './contract/hosting.ts'
export type * from './contract/log.ts'

// Errors
export {
  AppError,
  AppLoadError,
  UnavailableError,
  ThreadCrashedError,
  ProcessCrashedError,
  ServiceError,
  PoolFullError,
  UpstreamBusyError,
  UpstreamError,
  UpstreamTimeoutError,
  AppTimeoutError,
  BadRequestError,
  BodyTimeoutError,
  BodyTooLargeError,
  ClientDisconnectedError,
  ConnectionCutError,
  ContentLengthMismatchError,
  IllegalEventError,
  InvalidHeaderError,
  InvalidOptionError,
  IsthmusError,
  LifespanError,
  LintError,
  PeerError,
  ReceiveTimeoutError,
  ServerShutdownError,
  UnsupportedScopeError,
  WaitUnderSyncError,
  WouldDeadlockError,
} from './errors.ts'
