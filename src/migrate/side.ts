// One of the two apps of a migration, with its figures.

import { performance } from 'node:perf_hooks'
import { factsOf } from '../bridge/app-facts.ts'
import { styleOf } from '../bridge/style.ts'
import { stateFor } from '../bridge/lifespans.ts'
import { toEvents } from '../bridge/to-events.ts'
import { RecentDurations } from '../figures/recent-durations.ts'
import type { InnerApp } from '../bridge/lifespans.ts'
import type { App } from '../bridge/style.ts'
import type {
  EventApp,
  HttpScope,
  Receive,
  ResponseEnd,
  Send,
  WebSocketScope,
} from '../contract/events.ts'
import type { SideReport } from '../contract/report.ts'

/** The old app or the new one. */
export class Side implements InnerApp {
  readonly name: 'from' | 'to'
  readonly app: EventApp
  readonly #hosting: SideReport['hosting']
  readonly #style: SideReport['style']
  readonly #latency = new RecentDurations()
  #requests = 0
  #errors = 0

  constructor(name: 'from' | 'to', app: App) {
    this.name = name
    this.app = toEvents(app)
    const facts = factsOf(app)
    this.#hosting = hostingOf(facts.kind)
    this.#style = facts.kind === 'app' ? styleOf(facts.app).style : null
  }

  /** Serves a request of a client. */
  serve(scope: HttpScope | WebSocketScope, receive: Receive, send: Send): Promise<void> {
    this.#requests += 1
    const isRequest = scope.type === 'http'
    const startedAt = performance.now()
    scope['isthmus.exchange']?.onEnd((end) => this.#ended(end, isRequest ? startedAt : undefined))
    return this.app(this.scopeFor(scope), receive, send)
  }

  /** `scope` with the lifespan state of this app. */
  scopeFor<Outer extends HttpScope | WebSocketScope>(scope: Outer): Outer {
    return { ...scope, state: stateFor(this, scope) }
  }

  report(): SideReport {
    return {
      hosting: this.#hosting,
      style: this.#style,
      requests: this.#requests,
      errors: this.#errors,
      latencyMs: this.#latency.stats(),
    }
  }

  #ended({ outcome, status }: ResponseEnd, startedAt: number | undefined): void {
    if (outcome === 'aborted' || (status ?? 0) >= 500) this.#errors += 1
    if (startedAt !== undefined) this.#latency.record(performance.now() - startedAt)
  }
}

// A table inside of a migration runs where the server does.
function hostingOf(kind: ReturnType<typeof factsOf>['kind']): SideReport['hosting'] {
  return kind === 'app' || kind === 'mount' ? 'loop' : kind
}
