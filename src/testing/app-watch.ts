// Watches each call of the app. The server answers an error that escapes the app; the test needs the error itself.

import { handOnFacts } from '../bridge/app-facts.ts'
import { ClientDisconnectedError, LintError, PeerError, UnsupportedScopeError } from '../errors.ts'
import { deferred } from '../waiting/deferred.ts'
import { inTime } from './deadline.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { EventApp } from '../contract/events.ts'

/** One call of the app, for one exchange. */
export class AppRun {
  readonly #ended: Deferred<void> = deferred()
  #called = false
  #escaped: { error: unknown } | undefined

  /** Resolves when the app has returned or thrown; waits at most `deadlineMs`. */
  ended(deadlineMs: number, nameOf: () => string): Promise<void> {
    return inTime(this.#ended.promise, deadlineMs, nameOf)
  }

  /** Throws the error that escaped the app, once. */
  raise(): void {
    const escaped = this.take()
    if (escaped) throw escaped.error
  }

  /** Returns the error that escaped the app, once; undefined if there is none. */
  take(): { error: unknown } | undefined {
    const escaped = this.#escaped
    this.#escaped = undefined
    return escaped
  }

  /** Ends the run if the server has answered without a call of the app. */
  settle(): void {
    if (!this.#called) this.#ended.resolve()
  }

  /** Calls the app, and keeps the error that escapes it if `isFault`. */
  async watch(call: () => Promise<void>, isFault: (error: unknown) => boolean): Promise<void> {
    this.#called = true
    try {
      return await call()
    } catch (error) {
      if (isFault(error)) this.#escaped = { error }
      throw error
    } finally {
      this.#ended.resolve()
    }
  }
}

/** Wraps an app, and assigns each call to the exchange that caused it. */
export class AppWatch {
  readonly app: EventApp
  readonly lifespan: AppRun = new AppRun()
  readonly #isFault: (error: unknown) => boolean
  #expected: AppRun | undefined

  /** @param raises whether errors that escape the app are kept, for {@link AppRun.raise} */
  constructor(app: EventApp, raises: boolean) {
    this.#isFault = (error) => raises && isAppFault(error)
    const watched: EventApp = (scope, receive, send) => {
      const call = (): Promise<void> => app(scope, receive, send)
      // The option `lifespan` of the server decides about the other errors of a lifespan.
      if (scope.type === 'lifespan') return this.lifespan.watch(call, isLintFault)
      return this.#run().watch(call, this.#isFault)
    }
    this.app = handOnFacts(watched, app)
  }

  /** Runs `start`, which calls the app at most once before it returns. */
  expect(start: () => void): AppRun {
    const run = new AppRun()
    this.#expected = run
    try {
      start()
    } finally {
      this.#expected = undefined
    }
    run.settle()
    return run
  }

  #run(): AppRun {
    if (!this.#expected) throw new Error('the server called the app when no request was expected')
    return this.#expected
  }
}

// These errors are no faults of the app, and the server answers each with a status of its own: the client left, the
// client exceeded a limit, or the app refuses the type of the scope.
function isAppFault(error: unknown): boolean {
  const answered = [ClientDisconnectedError, PeerError, UnsupportedScopeError]
  return !answered.some((kind) => error instanceof kind)
}

function isLintFault(error: unknown): boolean {
  return error instanceof LintError
}
