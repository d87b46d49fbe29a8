// remote(): servers elsewhere as an event app.

import { described } from '../../bridge/app-facts.ts'
import { events } from '../../bridge/style.ts'
import { hasBody } from '../../http/content.ts'
import { SILENT_LOG } from '../../silent-log.ts'
import { HealthChecks } from './health-checks.ts'
import { HttpForward } from './http-forward.ts'
import { remoteSettings } from './settings.ts'
import { targetAddresses } from './target-address.ts'
import { TargetGroup } from './target-group.ts'
import { WebSocketForward } from './websocket-forward.ts'
import type { EventApp, HttpScope, Receive, Send } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { TargetReport } from '../../contract/report.ts'
import type { RemoteOptions, RemoteSettings } from './settings.ts'
import type { TargetAddress } from './target-address.ts'

/** The figures of {@link remote}. */
export interface RemoteStats {
  /** One entry for each target, in the order of the list; empty before the first request. */
  targets: TargetReport[]
}

/** The app of {@link remote}. */
export interface RemoteApp extends EventApp {
  /** The figures since the first request, or since the startup of the server. */
  stats(): RemoteStats
}

/**
 * Makes an {@link EventApp} that forwards HTTP and WebSocket to servers elsewhere, over connections that it keeps. Bodies
 * stream in both directions at the pace of the slower side. The fields of one connection do not pass; Forwarded and
 * X-Forwarded-* name the client, from the scope alone.
 *
 * A target that cannot be reached, or sends nonsense, is a 502; no free connection in time is a 503; a target that takes
 * too long is a 504. The log names the target and the reason. A response that breaks off cuts the client's connection.
 *
 * @param targets URLs such as `http://10.0.0.1:3000`, `https://app.example`, `unix:/run/app.sock`
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a target in another form, an unknown option or an
 *   impossible value
 * @throws {@link UpstreamError} (`ISTHMUS_UPSTREAM_FAILED`), {@link UpstreamTimeoutError} (`ISTHMUS_UPSTREAM_TIMEOUT`) and
 *   {@link UpstreamBusyError} (`ISTHMUS_UPSTREAM_BUSY`) by the returned app; the server answers them
 * @see RFC 9110, 7.6, "Message Forwarding"; RFC 7239
 *
 * @example
 * const old = remote('http://127.0.0.1:3000')
 * await serve(mount({ '/new': app, '/': old }), { port: 8000 })
 *
 * @example
 * remote(['http://10.0.0.1:3000', 'http://10.0.0.2:3000'], { health: { path: '/healthz' } })
 */
export function remote(
  targets: string | URL | ReadonlyArray<string | URL>,
  options: RemoteOptions = {},
): RemoteApp {
  const addresses = targetAddresses(targets)
  const settings = remoteSettings(options)
  let open: OpenRemote | undefined
  const opened = (log: Log | undefined): OpenRemote =>
    (open ??= new OpenRemote(addresses, settings, log ?? SILENT_LOG))

  const app = events(function remoteApp(scope, receive, send) {
    switch (scope.type) {
      case 'http':
        return opened(scope['isthmus.exchange']?.log).forward(scope, receive, send)
      case 'websocket': {
        const { group } = opened(scope['isthmus.exchange']?.log)
        return new WebSocketForward({ scope, receive, send }, group, settings).run()
      }
      case 'lifespan':
        return live(opened(scope['isthmus.log']), receive, send).then(() => (open = undefined))
    }
  })
  const stats = (): RemoteStats => ({ targets: open?.report() ?? [] })
  return described(Object.assign(app, { stats }), 'remote')
}

/** A remote() between its startup, or its first request, and its shutdown. */
class OpenRemote {
  readonly group: TargetGroup
  readonly #settings: RemoteSettings
  readonly #checks: HealthChecks | undefined

  constructor(addresses: readonly TargetAddress[], settings: RemoteSettings, log: Log) {
    this.#settings = settings
    this.group = new TargetGroup(addresses, settings, log)
    const { path } = settings.health
    if (path !== undefined) this.#checks = new HealthChecks(this.group.targets, path, settings)
  }

  forward(scope: HttpScope, receive: Receive, send: Send): Promise<void> {
    // RFC 9110, 9.3.7: this request asks about the server that gets it.
    if (scope.rawPath === '*') return answerForServer(send)
    const exchange = { scope, receive, send, hasBody: hasBody(scope) }
    return new HttpForward(exchange, this.group, this.#settings).run()
  }

  report(): TargetReport[] {
    return this.group.targets.map((target) => target.report())
  }

  async close(): Promise<void> {
    this.#checks?.close()
    await this.group.close()
  }
}

async function answerForServer(send: Send): Promise<void> {
  await send({ type: 'http.response.start', status: 204 })
  await send({ type: 'http.response.body' })
}

async function live(remote: OpenRemote, receive: Receive, send: Send): Promise<void> {
  await receive()
  await send({ type: 'lifespan.startup.complete' })
  await receive()
  await remote.close()
  await send({ type: 'lifespan.shutdown.complete' })
}
