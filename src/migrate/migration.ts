// One migration: it gives each request to one of two apps.

import { runLifespans } from '../bridge/lifespans.ts'
import { assign } from './assignment.ts'
import { sendWithCookie } from './client-cookie.ts'
import { FailureLog } from './failure-log.ts'
import { changedSettings } from './settings.ts'
import { Side } from './side.ts'
import type {
  HttpScope,
  LifespanScope,
  Receive,
  Scope,
  Send,
  WebSocketScope,
} from '../contract/events.ts'
import type { MigrationReport } from '../contract/report.ts'
import type { Assignment } from './assignment.ts'
import type { MigrationChange } from './options.ts'
import type { MigrateSettings } from './settings.ts'

const UNKNOWN: Assignment = { isNew: false, cookie: null }

/** Both apps, and the settings that change at run time. */
export class Migration {
  readonly #settings: MigrateSettings
  readonly #from: Side
  readonly #to: Side
  readonly #failures = new FailureLog()

  constructor(settings: MigrateSettings) {
    this.#settings = settings
    this.#from = new Side('from', settings.from)
    this.#to = new Side('to', settings.to)
  }

  /** Serves one scope. */
  run(scope: Scope, receive: Receive, send: Send): Promise<void> {
    if (scope.type === 'lifespan') return this.#live(scope, receive, send)
    const { isNew, cookie } = this.#assign(scope)
    const side = isNew ? this.#to : this.#from
    return side.serve(scope, receive, cookie === null ? send : sendWithCookie(send, cookie))
  }

  /** Changes settings for the requests that come from now on. */
  set(change: MigrationChange): void {
    Object.assign(this.#settings, changedSettings(this.#settings, change))
  }

  report(): Omit<MigrationReport, 'path'> {
    return {
      share: this.#settings.share,
      from: this.#from.report(),
      to: this.#to.report(),
      shadow: null,
    }
  }

  async #live(scope: LifespanScope, receive: Receive, send: Send): Promise<void> {
    await runLifespans([this.#from, this.#to], scope, receive, send)
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
