// The type of a configuration file, for editors.

import type { RemoteOptions } from '../../adapters/remote/settings.ts'
import type { HistoryOptions } from '../../channels/options.ts'
import type { PythonOptions } from '../../hosting/gateway/process/python-settings.ts'
import type { ThreadOptions } from '../../hosting/gateway/pool-settings.ts'
import type { ServeOptions, SyncOptions } from '../../server/options.ts'
import type { TlsFilesOptions } from '../../server/tls/options.ts'

type NotInFile = 'tls' | 'signal' | 'channels' | 'listener' | 'log' | 'sync' | 'udsMode'

/**
 * The options in a configuration file of `isthmus serve`: those of `serve()` under the same names, and those that the
 * command line alone has. Times are milliseconds, sizes are bytes. Relative paths begin at the folder of the file.
 */
export interface IsthmusConfig extends Omit<ServeOptions, NotInFile> {
  /** The app, as `APP` on the command line: `app.ts`, `threads:node:shop.js#app`, `python:shop.wsgi`. Default none. */
  app?: string | undefined
  /** Further apps by path: `{ '/api': 'python:api.main:app' }`. Default none. */
  mounts?: Readonly<Record<`/${string}`, string>> | undefined
  /** The threads of each sync app and each `threads:` app; 0 runs them all on the event loop. Default one per core. */
  threads?: number | undefined
  /** Whether a change of a file loads the app anew; for development only. Default false. */
  reload?: boolean | undefined
  /** Patterns of further files that a development server watches. Default none. */
  reloadInclude?: readonly string[] | undefined
  /** The worker processes of one master; `auto` for one per core. Default null: one process serves. */
  workers?: number | 'auto' | null | undefined
  /** How long the event loop of a worker may stand still, in ms; 0 for no limit. Default 30,000. */
  timeoutWorkerMs?: number | undefined
  /** The requests after which a worker is replaced. Default Infinity. */
  maxRequests?: number | undefined
  /** The most requests that are added to that limit by chance. Default 0. */
  maxRequestsJitter?: number | undefined
  /** The memory above which a worker is replaced, in bytes. Default Infinity. */
  maxRssBytes?: number | undefined
  /** The age at which a worker is replaced, in ms. Default Infinity. */
  workerLifetimeMs?: number | undefined
  /** The options of the pools of threads that the command line makes. */
  pool?: PoolConfig | undefined
  /** The options of each `python:` app. */
  python?: PythonConfig | undefined
  /** The options of each `remote:` app. */
  remote?: RemoteConfig | undefined
  /** How sync apps are hosted. */
  sync?: Omit<SyncOptions, 'inlineThreads'> | undefined
  /** The permissions of the unix socket: `0o660`, or `'660'` in JSON. Default null: the umask decides. */
  udsMode?: number | string | null | undefined
  /** The broker of the channels: `memory`, `cluster`, or the URL of a Redis. Default `memory`; `cluster` with workers. */
  channels?: string | null | undefined
  /** The groups of the channels that keep a history: `{ board: { size: 100, ttlMs: 60_000 } }`. Default none. */
  channelsHistory?: Readonly<Record<string, HistoryOptions>> | undefined
  /** The lowest level that is logged. Default `info`. */
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent' | undefined
  /** The form of the log: `auto` is `pretty` on a terminal, else `json`. Default `auto`. */
  logFormat?: 'auto' | 'pretty' | 'json' | undefined
  /** Whether each request gets a line in the log. Default true. */
  accessLog?: boolean | undefined
  /** The files of certificates: serves HTTPS. Default none. */
  tls?: TlsConfig | undefined
  /** Takes client and scheme from the headers of trusted proxies. Default false. */
  proxyHeaders?: boolean | undefined
  /** The trusted proxies: addresses, CIDR ranges, `loopback`, `private`, `unix`, `*`. Default null: loopback. */
  forwardedAllowIps?: readonly string[] | null | undefined
  /** The unix socket for `isthmus report` and `isthmus migrate`. Default none. */
  control?: string | null | undefined
  /** The file that keeps the changes of migrations. Default none. */
  migrateState?: string | null | undefined
  /** The metrics for Prometheus: `/PATH`, a port, or `HOST:PORT`. Default none. */
  metrics?: string | number | null | undefined
}

/** The options of `tlsFiles()` in a configuration file: a list of certificates, and a list of their keys. */
export interface TlsConfig extends Omit<TlsFilesOptions, 'pairs' | 'minVersion'> {
  /** The files of the certificate chains, in PEM. Default none. */
  cert?: string | readonly string[] | undefined
  /** The files of the private keys, in the same order. Default none. */
  key?: string | readonly string[] | undefined
  /** The lowest version of TLS. Default `1.2`. */
  minVersion?: '1.2' | '1.3' | undefined
}

/** The options of `threads()` in a configuration file, for the pools that the command line makes. */
export interface PoolConfig extends Omit<
  ThreadOptions,
  'export' | 'max' | 'style' | 'resourceLimits' | 'env' | 'buffering'
> {
  /** The MiB of heap of each thread. Default null: that of Node. */
  maxOldGenerationSizeMb?: number | null | undefined
  /** Whether the bodies of slow clients of a sync app are kept. Default true. */
  buffering?: boolean | undefined
}

/** The options of `python()` in a configuration file. */
export interface PythonConfig extends Omit<PythonOptions, 'env' | 'buffering'> {
  /** Whether the bodies of slow clients of a WSGI app are kept. Default true. */
  buffering?: boolean | undefined
}

/** The options of `remote()` in a configuration file. */
export interface RemoteConfig extends Pick<
  RemoteOptions,
  'balance' | 'host' | 'mountPath' | 'headTimeoutMs' | 'idleTimeoutMs' | 'retries'
> {
  /** The path that checks of the servers ask for. Default null: no checks. */
  healthPath?: string | null | undefined
}

/** The reason for which a configuration file is read. */
export interface ConfigContext {
  /** `development` with `--reload`, else `production`. */
  mode: 'development' | 'production'
}

/**
 * Returns `config` unchanged; editors then complete and check the options of a configuration file.
 *
 * @param config the options, or a function that makes them for each start
 *
 * @example
 * // isthmus.config.ts
 * import { defineConfig } from 'isthmus'
 *
 * export default defineConfig({ app: 'app.ts', port: 8080, graceMs: 5_000 })
 */
export function defineConfig<Config extends IsthmusConfig | ConfigFunction>(
  config: Config,
): Config {
  return config
}

/** A configuration that depends on the mode. */
export type ConfigFunction = (context: ConfigContext) => IsthmusConfig | Promise<IsthmusConfig>
