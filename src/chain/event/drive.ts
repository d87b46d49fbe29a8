// Drives middleware around an event app. The layers resume inside the app's own send(), so the chain starts no task. An
// event that no middleware changes gets no promise of its own. While a middleware waits, the app's send() waits too.

import { events } from '../../bridge/style.ts'
import { AppError, ClientDisconnectedError } from '../../errors.ts'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { TAKEN } from '../../waiting/taken.ts'
import { Flow } from '../flow.ts'
import { Outgoing } from '../response.ts'
import { sendAnswer } from './answer.ts'
import { ExchangeEnd } from './end.ts'
import { AppResponse } from './head.ts'
import { noResponse } from './no-response.ts'
import { isOver, meaningOfEnd, phaseAfter, wayOfSend } from './phase.ts'
import { ScopeRequest } from './request.ts'
import type {
  EventApp,
  HttpScope,
  Receive,
  Send,
  SendEvent,
  WebSocketScope,
} from '../../contract/events.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Halt } from '../flow.ts'
import type { Interruptible, Interruption } from '../interruption.ts'
import type { Layer } from '../layer.ts'
import type { AppState, Move, Phase } from './phase.ts'

/** `app` with `layers` around it, the first one outermost. Lifespan goes to the app unchanged. */
export function driveEvents(layers: readonly Layer[], app: EventApp): EventApp {
  return events((scope, receive, send) => {
    if (scope.type !== 'http' && scope.type !== 'websocket') return app(scope, receive, send)
    return new EventDrive(layers, app, { scope, receive, send }).run()
  })
}

interface Call {
  scope: HttpScope | WebSocketScope
  receive: Receive
  send: Send
}

/** The app before, during and after its run. */
interface AppRun {
  readonly state: AppState
  /** Thrown by the app, or made for an app that returned without a response. */
  error: unknown
  /** The value that the app returned. */
  readonly result: unknown
}

const NOT_CALLED: AppRun = { state: 'not called', error: undefined, result: undefined }
const RUNNING: AppRun = { state: 'running', error: undefined, result: undefined }

/** One exchange: carries out the decisions of `phase.ts`. */
class EventDrive implements Interruptible {
  readonly #app: EventApp
  readonly #call: Call
  readonly #flow: Flow
  readonly #end: ExchangeEnd
  readonly #response: AppResponse
  #phase: Phase = 'open'
  #appRun: AppRun = NOT_CALLED
  // Resolved when the layers have chosen; made if a send of the app has to wait for that.
  #chosen: Deferred<void> | undefined = undefined
  // The wait() of a middleware; an interruption forgets it.
  #waiting: Halt | undefined = undefined

  constructor(layers: readonly Layer[], app: EventApp, call: Call) {
    this.#app = app
    this.#call = call
    this.#flow = new Flow(layers, this)
    this.#end = new ExchangeEnd(call.scope, call.send)
    this.#response = new AppResponse(call.scope, this.#end)
  }

  run(): Promise<void> {
    this.#flow.start(new ScopeRequest(this.#call.scope, this.#end))
    this.#go()
    return this.#end.promise
  }

  // --- the middleware ---

  #go(): void {
    try {
      this.#halted(this.#flow.run())
    } catch (error) {
      this.#failed(error)
    }
  }

  #halted(halt: Halt): void {
    if (halt instanceof Outgoing) return this.#decide(halt)
    if (halt.kind !== 'wait') return this.#callApp(halt as ScopeRequest)
    this.#waiting = halt
    Promise.resolve(halt.subject).then(
      (value) => this.#waited(halt, () => this.#flow.resume(value)),
      (error: unknown) => this.#waited(halt, () => this.#flow.fail(error)),
    )
  }

  #waited(halt: Halt, move: () => void): void {
    if (this.#waiting !== halt) return
    move()
    this.#go()
  }

  interrupt(interruption: Interruption): void {
    this.#waiting = undefined
    this.#move('interrupt')
    this.#flow.interrupt(interruption)
    this.#go()
  }

  #decide(response: Outgoing): void {
    const { response: own, accepts } = this.#response
    const is101 = response.status === 101
    if (response === own && is101 === accepts) return this.#choose('pass')
    if (is101) {
      response.discard()
      throw new AppError('a middleware answered 101; only the app can accept a WebSocket')
    }
    this.#choose('answer')
    this.#sendAnswer(response).then(
      () => {
        this.#move('sent')
        this.#conclude()
      },
      (error: unknown) => this.#end.reject(error),
    )
  }

  // A send that waits continues in its own microtask, ahead of the sends that the app makes after it.
  #choose(move: 'pass' | 'answer' | 'fail'): void {
    this.#move(move)
    this.#chosen?.resolve()
  }

  #move(move: Move): void {
    this.#phase = phaseAfter(this.#phase, move)
  }

  async #sendAnswer(response: Outgoing): Promise<void> {
    const { scope } = this.#call
    this.#end.begin()
    // A denial answers `websocket.connect`, which the app would have received.
    if (scope.type === 'websocket' && this.#appRun === NOT_CALLED) await this.#call.receive()
    await sendAnswer(response, scope, this.#end.send)
  }

  // No middleware has caught the error.
  #failed(error: unknown): void {
    const { state, error: appError } = this.#appRun
    const hasEnded = state === 'returned' || state === 'threw'
    this.#choose('fail')
    if (!hasEnded || appError !== error) return this.#end.reject(error)

    // The head of the app goes out before its failure: the server judges both, in the same way as without a chain.
    const finish = (): void => (state === 'threw' ? this.#end.reject(error) : this.#conclude())
    const { start } = this.#response
    if (start) this.#end.send(start).then(finish, finish)
    else finish()
  }

  // --- the app ---

  #callApp(request: ScopeRequest): void {
    this.#appRun = RUNNING
    this.#flow.keepContext()
    const { appContext } = this.#flow
    const { scope } = request
    this.#end.begin()
    const receive = request.watched(this.#call.receive)
    request.releaseAfter(this.#end.promise)
    try {
      const running = appContext
        ? appContext.runInAsyncScope(this.#app, undefined, scope, receive, this.#take)
        : this.#app(scope, receive, this.#take)
      Promise.resolve(running).then(this.#onReturn, this.#onThrow)
    } catch (error) {
      this.#onThrow(error)
    }
  }

  readonly #onReturn = (result: unknown): void => {
    this.#appEnded({ state: 'returned', error: undefined, result })
  }

  readonly #onThrow = (error: unknown): void => {
    this.#appEnded({ state: 'threw', error, result: undefined })
  }

  #appEnded(run: AppRun): void {
    const meaning = meaningOfEnd(this.#phase)
    if (meaning === 'wait') return void this.#chosen?.promise.then(() => this.#appEnded(run))

    const { state } = run
    this.#appRun = run
    if (meaning === 'tell') {
      if (state === 'returned') run.error = noResponse(this.#call.scope)
      this.#flow.fail(run.error)
      return this.#go()
    }
    if (state === 'threw') {
      if (meaning === 'end') return this.#end.reject(this.#response.fault ?? run.error)
      this.#end.logLate(run.error)
    }
    this.#conclude()
  }

  #conclude(): void {
    if (isOver(this.#phase, this.#appRun.state)) this.#end.resolve(this.#appRun.result)
  }

  readonly #take = (event: SendEvent): Promise<void> => {
    switch (wayOfSend(this.#phase)) {
      case 'head':
        return this.#takeHead(event)
      case 'wait':
        return (this.#chosen as Deferred<void>).promise.then(() => this.#take(event))
      case 'pass':
        return this.#response.pass(event)
      case 'refuse':
        return rejected(new ClientDisconnectedError('a middleware has answered instead of the app'))
    }
  }

  #takeHead(event: SendEvent): Promise<void> {
    try {
      const taken = this.#response.take(event)
      if (taken === 'held') return TAKEN
      if (taken === 'foreign') return this.#end.send(event)
    } catch (error) {
      return rejected(error)
    }
    return this.#offer(event)
  }

  // Gives the app's response to the layers; `first` is the event that completed the head.
  #offer(first: SendEvent): Promise<void> {
    const response = this.#response.response as Outgoing
    this.#move('head')
    response.take()
    this.#flow.answer(response)
    this.#go()
    if (this.#phase !== 'deciding') return this.#begin(first)
    this.#chosen = deferred()
    return this.#chosen.promise.then(() => this.#begin(first))
  }

  #begin(first: SendEvent): Promise<void> {
    if (this.#phase !== 'starting') return this.#take(first)
    this.#move('begin')
    return this.#response.begin(first)
  }
}
