// What becomes of the app: each call of it is watched, because an exception that escapes an app is
// answered by the server, and a test has to hear of it.

import { ClientDisconnectedError, LintError, PeerError, UnsupportedScopeError } from '../errors.ts'
import { deferred } from '../waiting/deferred.ts'
import { inTime } from './deadline.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { EventApp } from '../contract/events.ts'

/** One call of the app, for one exchange. */
export class AppRun {
  readonly #over: Deferred<void> = deferred()
  #called = false
  #escaped: { error: unknown } | undefined

  /** Resolves when the app has ended, whichever way; waits at most `deadlineMs`. */
  ended(deadlineMs: number, what: () => string): Promise<void> {
    return inTime(this.#over.promise, deadlineMs, what)
  }

  /** Throws what escaped the app, once. */
  raise(): void {
    const escaped = this.take()
    if (escaped) throw escaped.error
  }

  /** What escaped the app, once; undefined for nothing. */
  take(): { error: unknown } | undefined {
    const escaped = this.#escaped
    this.#escaped = undefined
    return escaped
  }

  /** The app was never called: the server answered by itself. */
  settle(): void {
    if (!this.#called) this.#over.resolve()
  }

  async watch(call: () => Promise<void>, isFault: (error: unknown) => boolean): Promise<void> {
    this.#called = true
    try {
      return await call()
    } catch (error) {
      if (isFault(error)) this.#escaped = { error }
      throw error
    } finally {
      this.#over.resolve()
    }
  }
}

/** Watches an app. */
export class AppWatch {
  readonly app: EventApp
  readonly lifespan: AppRun = new AppRun()
  readonly #isFault: (error: unknown) => boolean
  #expected: AppRun | undefined

  /** @param raises false: nothing that escapes the app is kept */
  constructor(app: EventApp, raises: boolean) {
    this.#isFault = (error) => raises && isAppFault(error)
    this.app = (scope, receive, send) => {
      const call = (): Promise<void> => app(scope, receive, send)
      // What else a lifespan throws is for the server's lifespan mode to judge.
      if (scope.type === 'lifespan') return this.lifespan.watch(call, isLintFault)
      return this.#run().watch(call, this.#isFault)
    }
  }

  /** Runs `start`, in which the app is called at most once, before it returns. */
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

// A client that left, or that broke a limit, and a scope that the app refuses as it should: all of these are
// answered with a status of their own.
function isAppFault(error: unknown): boolean {
  const answered = [ClientDisconnectedError, PeerError, UnsupportedScopeError]
  return !answered.some((kind) => error instanceof kind)
}

function isLintFault(error: unknown): boolean {
  return error instanceof LintError
}
