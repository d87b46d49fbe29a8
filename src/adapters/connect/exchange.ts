// One exchange of the middleware of a fromConnect(), with the app inside.

import { makeReceive } from '../../async/receive.ts'
import { AppError } from '../../errors.ts'
import { rejected } from '../../waiting/deferred.ts'
import { isPromise, NodeExchange } from '../node/exchange.ts'
import { answerError, statusOf } from './error-answer.ts'
import { InnerAnswer, takesBody } from './inner-response.ts'
import { innerScope, withoutPathsend } from './scope.ts'
import type { EventApp, HttpScope, Receive, Send } from '../../contract/events.ts'
import type { Makers } from '../node/exchange.ts'
import type { InnerRequest } from '../node/internals.ts'
import type { Plan, Step } from './plan.ts'

/** The parts that all exchanges of one fromConnect() around one app share. */
interface Composed {
  readonly plan: Plan
  readonly makers: Makers
  readonly app: EventApp
}

/** Runs the middleware on one scope, and the app when all of them have called `next()`. */
export class LayeredExchange {
  readonly #composed: Composed
  readonly #exchange: NodeExchange
  readonly #receive: Receive
  readonly #answer: InnerAnswer
  readonly #url: string | undefined
  #hasRun = false
  // The error of the app, which the server judges if no error handler answers.
  #appError: unknown = undefined

  constructor(composed: Composed, scope: HttpScope, events: [Receive, Send]) {
    this.#composed = composed
    this.#receive = events[0]
    this.#exchange = new NodeExchange(composed.makers, scope, events)
    this.#answer = new InnerAnswer(this.#exchange, events[1])
    const req: NamedRequest = this.#exchange.req
    this.#url = req.url
    // Connect and Express keep the URL here before a middleware changes it.
    req.originalUrl ??= req.url
  }

  run(): Promise<void> {
    return this.#exchange.run(() => this.#advance(0, undefined))
  }

  // Finds the middleware at `at` or later that takes `error`, or takes requests.
  #advance(at: number, error: unknown): void {
    const { steps, appAt } = this.#composed.plan
    for (let index = at; index < steps.length; index += 1) {
      if (index === appAt && error === undefined && !this.#hasRun) return this.#callApp()
      const step = steps[index] as Step
      if ((step.handle === null) === (error !== undefined)) return this.#call(step, index, error)
    }
    if (error !== undefined) this.#failed(error)
    else this.#callApp()
  }

  #call(step: Step, index: number, error: unknown): void {
    const { req, res } = this.#exchange
    let isCalled = false
    const next = (given?: unknown): void => {
      if (isCalled) return this.#calledAgain(step, index, given)
      isCalled = true
      this.#goOn(step, index, [error, errorOf(given)])
    }
    try {
      const result = step.handle
        ? step.handle(req, res, next)
        : step.handleError(error, req, res, next)
      if (isPromise(result)) result.then(undefined, (thrown: unknown) => next(thrown || NOTHING))
      else if (typeof result === 'function' && !isCalled && this.#answer.isOpen) next(factory(step))
    } catch (thrown) {
      next(thrown || NOTHING)
    }
  }

  // After the last ordinary middleware only the app is left. It must not answer a request that a middleware has refused, so
  // an error that an error handler drops there counts as unanswered.
  #goOn(
    { handleError }: Step,
    index: number,
    [taken, given]: [taken: unknown, given: unknown],
  ): void {
    const isDropped = handleError !== null && given === undefined
    const isLast = index >= this.#composed.plan.appAt
    if (isDropped && isLast && !this.#exchange.res.writableEnded) this.#failed(taken)
    else this.#advance(index + 1, given)
  }

  #calledAgain({ name }: Step, index: number, given: unknown): void {
    const error = errorOf(given)
    // A time limit, for example: the middleware has gone on, and now it does not wait any longer.
    if (error !== undefined && this.#answer.isOpen) {
      this.#answer.refuse()
      return this.#advance(index + 1, error)
    }
    const message =
      error === undefined
        ? `the middleware "${name}" has called next() twice`
        : `the middleware "${name}" failed after next()`
    this.#exchange.log?.error({ err: error ?? new AppError(message) }, message)
  }

  // --- the app ---

  #callApp(): void {
    const exchange = this.#exchange
    if (exchange.isOver) return
    if (exchange.res.writableEnded) {
      const message = 'a middleware has answered, and has called next() too: the app does not run'
      exchange.log?.error({ err: new AppError(message) }, message)
      return
    }
    this.#hasRun = true
    try {
      const { app } = this.#composed
      const scope = this.#scope()
      const receive = exchange.giveBody() ? this.#receive : REFUSED_BODY
      exchange.hold()
      Promise.resolve(app(scope, receive, (event) => this.#answer.take(event))).then(
        () => this.#appReturned(),
        (error: unknown) => this.#appThrew(error),
      )
    } catch (error) {
      this.#appThrew(error)
    }
  }

  #scope(): HttpScope {
    const { scope: outer, req, res } = this.#exchange
    const scope = innerScope(outer, req, this.#url)
    return takesBody(res) ? withoutPathsend(scope) : scope
  }

  #appReturned(): void {
    // An app that has not finished its response leaves it to the server, as without middleware.
    if (!this.#answer.isSettledAtReturn()) this.#exchange.giveUp()
    this.#exchange.release()
  }

  #appThrew(error: unknown): void {
    if (this.#answer.isOpen) {
      this.#answer.refuse()
      this.#appError = error
      this.#exchange.release()
      return this.#advance(this.#composed.plan.appAt, error)
    }
    if (this.#answer.isWhole || this.#exchange.isOver) return this.#exchange.release(error)
    this.#exchange.fail(error)
  }

  // No error handler has answered.
  #failed(error: unknown): void {
    const exchange = this.#exchange
    const status = statusOf(error)
    if (error === this.#appError || status === undefined || exchange.res.headersSent) {
      return exchange.fail(error instanceof Error ? error : new AppError(String(error)))
    }
    const isFault = status >= 500
    exchange.log?.[isFault ? 'error' : 'info'](
      { err: isFault ? error : undefined },
      `a middleware has refused the request: ${String(error)}`,
    )
    try {
      answerError(exchange.res, error, status)
    } catch (fault) {
      exchange.fail(fault)
    }
  }
}

type NamedRequest = InnerRequest & { originalUrl?: string | undefined }

function factory({ name }: Step): AppError {
  return new AppError(
    `fromConnect(): the middleware "${name}" returns a function, so it is a factory: call it, fromConnect(${name}())`,
  )
}

const NOTHING = new AppError('a middleware threw a value that says nothing')

// The names mean "leave this route" and "leave this router"; outside of both, Express goes on.
function errorOf(given: unknown): unknown {
  return !given || given === 'route' || given === 'router' ? undefined : given
}

const REFUSED_BODY = makeReceive(() =>
  rejected(
    new AppError(
      'a middleware of fromConnect() has read the body of the request; ' +
        "its result is at scope['isthmus.node'].req.body, or where that middleware leaves it, as req.rawBody or req.files",
    ),
  ),
)
