// Drives middleware around an event app. What the app sends is the moment at which they go on: nothing is spawned, an
// event that nobody touches gets no promise of its own, and a middleware that waits lets the app's send() wait.

import { deferred, rejected } from '../../waiting/deferred.ts'
import { events } from '../../bridge/style.ts'
import { AppError, ClientDisconnectedError } from '../../errors.ts'
import { AppResponse } from './head.ts'
import { sendAnswer } from './answer.ts'
import { ExchangeEnd } from './end.ts'
import { noResponse } from './no-response.ts'
import { Flow } from '../flow.ts'
import { Outgoing } from '../response.ts'
import { ScopeRequest } from './request.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type {
  EventApp,
  HttpScope,
  Receive,
  Send,
  SendEvent,
  WebSocketScope,
} from '../../contract/events.ts'
import type { Halt } from '../flow.ts'
import type { Interruptible, Interruption } from '../interruption.ts'
import type { Layer } from '../layer.ts'

/** `app` behind `layers`, the first one outermost. Lifespan goes to the app as it is. */
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

/** How the app ended; with an `error` also where it only left its response out. */
interface AppEnd {
  threw: boolean
  error: unknown
  result: unknown
}

const DONE: Promise<void> = Promise.resolve()

/**
 * One exchange. `open`: the app has not answered. `settling`: its head is there, and the middleware goes on. `passing`:
 * its response is the one that is sent. `refusing`: another one is, or none.
 */
class EventDrive implements Interruptible {
  readonly #app: EventApp
  readonly #call: Call
  readonly #flow: Flow
  readonly #end: ExchangeEnd
  readonly #response: AppResponse
  #phase: 'open' | 'settling' | 'passing' | 'refusing' = 'open'
  #verdict: 'passing' | 'refusing' | undefined = undefined
  #settled: Deferred<void> | undefined = undefined
  #appCalled = false
  #appEnd: AppEnd | undefined = undefined
  #answering = false
  // What is being waited for; an interruption forgets it.
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
      this.#halted(this.#flow.go())
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
    if (this.#phase === 'open') this.#phase = 'refusing'
    this.#flow.interrupt(interruption)
    this.#go()
  }

  #decide(response: Outgoing): void {
    const { response: own, accepts } = this.#response
    const is101 = response.status === 101
    if (response === own && is101 === accepts) return this.#judge('passing')
    if (is101) {
      throw new AppError('a middleware answered 101; only the app can accept a WebSocket')
    }
    this.#judge('refusing')
    this.#answering = true
    this.#sendAnswer(response).then(
      () => {
        this.#answering = false
        this.#conclude()
      },
      (error: unknown) => this.#end.reject(error),
    )
  }

  // Whoever settles moves on by itself, so that what the app sends meanwhile comes behind it.
  #judge(verdict: 'passing' | 'refusing'): void {
    this.#verdict = verdict
    if (this.#phase === 'open') this.#phase = verdict
    this.#settled?.resolve()
  }

  async #sendAnswer(response: Outgoing): Promise<void> {
    const { scope } = this.#call
    this.#end.begin()
    // A denial is the answer to `websocket.connect`, which nobody has received here.
    if (scope.type === 'websocket' && !this.#appCalled) await this.#call.receive()
    await sendAnswer(response, scope, this.#end.send)
  }

  // No middleware has caught it.
  #failed(error: unknown): void {
    const end = this.#appEnd
    this.#judge('refusing')
    if (!end || end.error !== error) return this.#end.reject(error)

    // What the app has announced goes out before its failure does: the server judges both, as it would without a chain.
    const finish = (): void => (end.threw ? this.#end.reject(error) : this.#conclude())
    const { start } = this.#response
    if (start) this.#end.send(start).then(finish, finish)
    else finish()
  }

  // --- the app ---

  #callApp(request: ScopeRequest): void {
    this.#appCalled = true
    this.#flow.keepContext()
    const { appContext } = this.#flow
    const { scope } = request
    this.#end.begin()
    const receive = request.watched(this.#call.receive)
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
    this.#appEnded({ threw: false, error: undefined, result })
  }

  readonly #onThrow = (error: unknown): void => {
    this.#appEnded({ threw: true, error, result: undefined })
  }

  #appEnded(end: AppEnd): void {
    switch (this.#phase) {
      case 'open':
        if (!end.threw) end.error = noResponse(this.#call.scope)
        this.#appEnd = end
        this.#flow.fail(end.error)
        return this.#go()
      case 'settling':
        return void this.#settled?.promise.then(() => this.#appEnded(end))
      case 'passing':
        this.#appEnd = end
        return end.threw ? this.#end.reject(this.#response.fault ?? end.error) : this.#conclude()
      case 'refusing':
        this.#appEnd = end
        if (end.threw) this.#end.logLate(end.error)
        return this.#conclude()
    }
  }

  #conclude(): void {
    if (!this.#verdict || this.#answering || (this.#appCalled && !this.#appEnd)) return
    this.#end.resolve(this.#appEnd?.result)
  }

  readonly #take = (event: SendEvent): Promise<void> => {
    switch (this.#phase) {
      case 'open':
        return this.#takeHead(event)
      case 'settling':
        return (this.#settled as Deferred<void>).promise.then(() => this.#take(event))
      case 'passing':
        return this.#response.pass(event)
      case 'refusing':
        return rejected(new ClientDisconnectedError('a middleware has answered instead of the app'))
    }
  }

  #takeHead(event: SendEvent): Promise<void> {
    try {
      const taken = this.#response.take(event)
      if (taken === 'held') return DONE
      if (taken === 'foreign') return this.#end.send(event)
    } catch (error) {
      return rejected(error)
    }
    return this.#settle(event)
  }

  #settle(first: SendEvent): Promise<void> {
    const response = this.#response.response as Outgoing
    this.#phase = 'settling'
    response.take()
    this.#flow.answer(response)
    this.#go()
    if (this.#verdict) return this.#begin(first)
    this.#settled = deferred()
    return this.#settled.promise.then(() => this.#begin(first))
  }

  #begin(first: SendEvent): Promise<void> {
    this.#phase = this.#verdict as 'passing' | 'refusing'
    return this.#phase === 'passing' ? this.#response.begin(first) : this.#take(first)
  }
}
