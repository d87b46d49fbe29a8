// serve(): starts the app, listens, and closes. The command line handles process signals; serve() does not.

import { asEventApp } from '../bridge/as-event-app.ts'
import { LifespanError } from '../errors.ts'
import { SILENT_LOG } from '../silent-log.ts'
import { deferred } from '../waiting/deferred.ts'
import { NativeEngine } from './native/engine.ts'
import { openDispatcher } from './open-dispatcher.ts'
import { resolveOptions } from './resolve-options.ts'
import { shutDown } from './shutdown.ts'
import { ownFile } from './socket-file.ts'
import { stderrLog } from './stderr-log.ts'
import { urlOf } from './url-of.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { Figures } from '../figures/figures.ts'
import type { GatewayProtocol } from './cgi/protocol.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Engine, ServerAddress } from './engine.ts'
import type { ServeOptions, Settings } from './options.ts'
import type { Shutdown } from './shutdown.ts'
import type { ServerStats } from './stats.ts'

/** A server that listens. The caller of {@link serve} closes it. */
export interface Server extends AsyncDisposable {
  /** `http://127.0.0.1:8000`, `https://…` under TLS, `scgi://…` or `fastcgi://…`, or `unix:/path`. */
  readonly url: string
  readonly address: ServerAddress
  /** The counters of this moment. Each call returns a new object. */
  stats(): ServerStats
  /** The figures for a report of the server; null without the option `figures`. */
  readonly figures: Figures | null
  /**
   * Stops accepting connections, tells the apps, serves the requests that come on open connections for `drainIdleMs`,
   * and waits for the requests in flight. After `graceMs` (default:
   * the option `graceMs`) it cancels the rest. Then it runs the lifespan shutdown. Further calls return the same
   * promise.
   */
  close(options?: { graceMs?: number | undefined }): Promise<Shutdown>
}

/**
 * Serves an app of any style over HTTP and WebSocket. Lifespan startup completes before the server accepts the
 * first connection. Process signals are not touched.
 *
 * @param app a sync, iterable or event app, or a mount table
 * @param options see {@link ServeOptions}
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`), {@link LifespanError} (`ISTHMUS_LIFESPAN_FAILED`),
 *   the system's error when it cannot listen (`EADDRINUSE` …), or the reason of `options.signal` when that aborts
 *   before the server listens. After the abort, an app that starts has `graceMs` to complete its startup.
 *
 * @example
 * const server = await serve(app, { port: 8000 })
 * console.log(server.url)
 */
export async function serve(app: HostedApp, options: ServeOptions = {}): Promise<Server> {
  const given = options.log === null ? SILENT_LOG : (options.log ?? stderrLog())
  const settings = identified(resolveOptions(options, given))
  const { signal, drainIdleMs, log } = settings
  signal?.throwIfAborted()
  const opening = openDispatcher(asEventApp(app), settings)
  const { dispatcher, lifespan } = await startedUnlessAborted(opening, settings)
  const engine = await engineOf(dispatcher, settings)
  const address = await listenUnlessAborted(engine, signal).catch(async (error: unknown) => {
    await lifespan.shutdown()
    throw error
  })
  const ownsFile = settings.fd === null && settings.listener === null
  const file = ownsFile ? ownFile(settings.uds) : null

  let closing: Promise<Shutdown> | undefined
  const close: Server['close'] = ({ graceMs = settings.graceMs } = {}) => {
    signal?.removeEventListener('abort', onAbort)
    // A successor may take the path from now on. The connections that wait at the listener are accepted still.
    if (!closing) file?.remove()
    return (closing ??= shutDown({ dispatcher, engine, lifespan, graceMs, drainIdleMs }))
  }
  const onAbort = (): void => {
    close().catch((err: unknown) => log.error({ err }, 'the server did not close cleanly'))
  }
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) {
    await close()
    throw signal.reason
  }
  return {
    url: urlOf(address, settings.tls === null ? settings.protocol : 'https'),
    address,
    figures: dispatcher.figures ?? null,
    stats: () => ({ connections: engine.connections, ...dispatcher.stats() }),
    close,
    [Symbol.asyncDispose]: async () => void (await close()),
  }
}

// The web server in front identifies itself.
function identified(settings: Settings): Settings {
  if (settings.protocol === 'http') return settings
  return { ...settings, serverHeader: null, dateHeader: false }
}

// Most servers need none of the others, so these are loaded by choice.
async function engineOf(dispatcher: Dispatcher, settings: Settings): Promise<Engine> {
  const { protocol, engine } = settings
  if (protocol === 'http' && engine === 'native') return new NativeEngine(dispatcher, settings)
  if (protocol === 'http') {
    const { NodeEngine } = await import('./node/engine.ts')
    return new NodeEngine(dispatcher, settings)
  }
  const { CgiEngine } = await import('./cgi/cgi-engine.ts')
  return new CgiEngine(dispatcher, settings, await gatewayOf(protocol))
}

async function gatewayOf(protocol: 'scgi' | 'fastcgi'): Promise<GatewayProtocol> {
  if (protocol === 'scgi') return (await import('./scgi/protocol.ts')).scgi
  return (await import('./fastcgi/protocol.ts')).fastcgi
}

// The server cannot stop an app that starts. After an abort it waits for `graceMs`, so that it can shut the app down.
async function startedUnlessAborted(
  opening: ReturnType<typeof openDispatcher>,
  { signal, graceMs }: Settings,
): ReturnType<typeof openDispatcher> {
  if (signal === null) return opening
  const expired = deferred<never>()
  let timer: NodeJS.Timeout | undefined
  const onAbort = (): void => {
    timer = setTimeout(() => expired.reject(new LifespanError(TOO_LATE)), graceMs)
  }
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([opening, expired.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    clearTimeout(timer)
  }
}

const TOO_LATE = 'it was still starting when the time to stop was over'

// The startup of the app takes time, in which the signal may abort.
async function listenUnlessAborted(
  engine: Engine,
  signal: AbortSignal | null,
): Promise<ServerAddress> {
  signal?.throwIfAborted()
  return engine.listen()
}
