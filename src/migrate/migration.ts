// One migration: it gives each request to one of two apps.

import { makeReceive } from '../async/receive.ts'
import { runLifespans } from '../bridge/lifespans.ts'
import { assign } from './assignment.ts'
import { sendWithCookie } from './client-cookie.ts'
import { FailureLog } from './failure-log.ts'
import { Findings } from './findings/findings.ts'
import { changedSettings } from './settings.ts'
import { unmarked } from './shadow/mark.ts'
import { Shadow } from './shadow/shadow.ts'
import { Side } from './side.ts'
import type {
  HttpScope,
  LifespanScope,
  Receive,
  Scope,
  Send,
  WebSocketScope,
} from '../contract/events.ts'
import type { MigrationReport, MismatchReport, ShadowReport } from '../contract/report.ts'
import type { Assignment } from './assignment.ts'
import type { MigrationChange } from './options.ts'
import type { MigrateSettings, ShadowSettings } from './settings.ts'

const UNKNOWN: Assignment = { isNew: false, cookie: null }

/** Both apps, and the settings that change at run time. */
export class Migration {
  readonly #settings: MigrateSettings
  readonly #from: Side
  readonly #to: Side
  readonly #failures = new FailureLog()
  readonly #findings: Findings
  readonly #shadow: Shadow
  #lastShadow: ShadowSettings | undefined

  constructor(settings: MigrateSettings) {
    this.#settings = settings
    this.#from = new Side('from', settings.from)
    this.#to = new Side('to', settings.to)
    this.#findings = new Findings(settings, (mismatch) => this.#tell(mismatch))
    this.#shadow = new Shadow({
      from: this.#from,
      to: this.#to,
      findings: this.#findings,
      failures: this.#failures,
    })
  }

  /** Serves one scope. */
  run(scope: Scope, receive: Receive, send: Send): Promise<void> {
    if (scope.type === 'lifespan') return this.#live(scope, receive, send)
    const own = unmarked(scope)
    const { isNew, cookie } = this.#assign(own)
    const answer = cookie === null ? send : sendWithCookie(send, cookie)
    if (isNew) return this.#to.serve(own, receive, answer)

    const { shadow } = this.#settings
    const isCopied = shadow !== null && own.type === 'http'
    const original = isCopied ? this.#shadow.record(own, shadow) : null
    if (original === null) return this.#from.serve(own, receive, answer)
    return this.#from.serve(own, original.receive(receive), original.send(answer))
  }

  /** Changes settings for the requests that come from now on. A shadow that comes back has the options that it had before. */
  set(change: MigrationChange): void {
    const { shadow } = this.#settings
    this.#lastShadow = shadow ?? this.#lastShadow
    Object.assign(this.#settings, changedSettings(this.#settings, change, this.#lastShadow))
  }

  report(): Omit<MigrationReport, 'path'> {
    const { share } = this.#settings
    const shadow = this.#shadowReport()
    return { share, from: this.#from.report(), to: this.#to.report(), shadow }
  }

  #shadowReport(): ShadowReport | null {
    const { shadow } = this.#settings
    if (shadow === null) return null
    const { rate, baseline } = shadow
    return { rate, baseline, ...this.#findings.report(), ...this.#shadow.report() }
  }

  async #live(scope: LifespanScope, receive: Receive, send: Send): Promise<void> {
    if (scope['isthmus.log']) this.#failures.follow(scope['isthmus.log'])
    this.#shadow.start()
    const untilShutdown = makeReceive(async () => {
      const event = await receive()
      if (event.type === 'lifespan.shutdown') await this.#stop()
      return event
    })
    await runLifespans([this.#from, this.#to], scope, untilShutdown, send)
  }

  // The apps end after the last copy.
  async #stop(): Promise<void> {
    await this.#shadow.stop()
    this.#findings.close()
  }

  #tell(mismatch: MismatchReport): void {
    const failed = (error: unknown): void =>
      this.#failures.tell(mismatch, 'the function onMismatch failed', error)
    try {
      const result: unknown = this.#settings.onMismatch?.(mismatch)
      if (result instanceof Promise) result.catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  #assign(scope: HttpScope | WebSocketScope): Assignment {
    try {
      return assign(scope, this.#settings.share, this.#settings.sticky)
    } catch (error) {
      this.#failures.tell(
        scope,
        'the function of sticky failed; the request goes to the old app',
        error,
      )
      return UNKNOWN
    }
  }
}
