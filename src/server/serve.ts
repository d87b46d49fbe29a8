// serve(): an app, listening. Startup and shutdown in their order; process signals are the CLI's.

import pino from 'pino'
import { startLifespan } from '../async/lifespan.ts'
import { SILENT_LOG } from '../silent-log.ts'
import { asEventApp } from '../bridge/as-event-app.ts'
import { Dispatcher } from './dispatcher.ts'
import { NativeEngine } from './native/engine.ts'
import { NodeEngine } from './node/engine.ts'
import { hostingOf, resolveOptions } from './options.ts'
import { shutDown } from './shutdown.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { Log } from '../contract/log.ts'
import type { Address } from './engine.ts'
import type { ServeOptions } from './options.ts'
import type { Shutdown } from './shutdown.ts'

const ENGINES = { native: NativeEngine, node: NodeEngine }

/** A server that listens. Whoever called {@link serve} closes it. */
export interface Server extends AsyncDisposable {
  /** `http://127.0.0.1:8000`, `https://…` under TLS, or `unix:/path`. */
  readonly url: string
  readonly address: Address
  /**
   * Stops accepting, tells the apps, waits for what is in flight, cancels what is left after `graceMs`
   * (default: the option `graceMs`), then runs lifespan shutdown. Further calls get the same promise.
   */
  close(options?: { graceMs?: number }): Promise<Shutdown>
}

/**
 * Serves an app of any style over HTTP and WebSocket. Lifespan startup completes before the first connection
 * is accepted. Process signals are not touched.
 *
 * @param app a sync, iterable or event app, or a mount table
 * @param options see {@link ServeOptions}
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`), {@link LifespanError} (`ISTHMUS_LIFESPAN_FAILED`),
 *   or the system's error when it cannot listen (`EADDRINUSE` …)
 *
 * @example
 * await using server = await serve(app, { port: 8000 })
 * console.log(server.url)
 */
export async function serve(app: HostedApp, options: ServeOptions = {}): Promise<Server> {
  const log = options.log === null ? SILENT_LOG : (options.log ?? defaultLog())
  const settings = resolveOptions(options, log)
  const eventApp = asEventApp(app)
  const lifespan = await startLifespan(eventApp, {
    mode: settings.lifespan,
    startupTimeoutMs: settings.lifespanTimeoutMs,
    shutdownTimeoutMs: settings.lifespanTimeoutMs,
    hosting: hostingOf(settings),
    log,
  })

  const dispatcher = new Dispatcher(eventApp, lifespan.state, settings)
  const engine = new ENGINES[settings.engine](dispatcher, settings)
  const address = await engine.listen().catch(async (error: unknown) => {
    await lifespan.shutdown()
    throw error
  })

  let closing: Promise<Shutdown> | undefined
  const close: Server['close'] = ({ graceMs = settings.graceMs } = {}) =>
    (closing ??= shutDown({ dispatcher, engine, lifespan, graceMs }))
  return {
    url: urlOf(address, settings.tls === null ? 'http' : 'https'),
    address,
    close,
    [Symbol.asyncDispose]: async () => void (await close()),
  }
}

function urlOf(address: Address, scheme: string): string {
  if ('path' in address) return `unix:${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${scheme}://${host}:${address.port}`
}

// Synchronous, so that what is logged last before a crash is not lost.
function defaultLog(): Log {
  return pino({ base: null }, pino.destination({ dest: 2, sync: true }))
}
