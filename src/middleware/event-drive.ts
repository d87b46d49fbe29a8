// Drives middleware around an event app. What the app sends is the moment at which they go on: nothing is spawned, an
// event that nobody touches gets no promise of its own, and a middleware that waits lets the app's send() wait.

import { deferred, rejected } from '../async/deferred.ts'
import { events } from '../bridge/style.ts'
import { AppFault, ClientDisconnected, IllegalEvent } from '../errors.ts'
import { noResponse } from './app-failure.ts'
import { sendAnswer } from './event-answer.ts'
import {
  announced,
  completes,
  handshakeAnswer,
  headEvent,
  isStart,
  isUrgent,
} from './event-head.ts'
import { ExchangeEnd } from './exchange-end.ts'
import { Flow } from './flow.ts'
import { MappedEvents } from './mapped-events.ts'
import { Outgoing } from './response.ts'
import { ScopeRequest } from './scope-request.ts'
import type { Deferred } from '../async/deferred.ts'
import type {
  EventApp,
  HttpScope,
  Receive,
  Send,
  SendEvent,
  WebSocketScope,
} from '../contract/events.ts'
import type { StartEvent } from './event-head.ts'
import type { Halt } from './flow.ts'
import type { Layer } from './layer.ts'

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

/** How the app ended; `error` also where it ended without a response. */
interface AppEnd {
  threw?: boolean
  result?: unknown
  error?: unknown
}

const DONE: Promise<void> = Promise.resolve()

/**
 * One exchange. `open`: the app has not answered. `settling`: its head is there, and the middleware goes on. `passing`:
 * its response is the one that is sent. `refusing`: another one is, or none.
 */
class EventDrive {
  readonly #app: EventApp
  readonly #call: Call
  readonly #flow: Flow
  readonly #end: ExchangeEnd
  #phase: 'open' | 'settling' | 'passing' | 'refusing' = 'open'
  #start: StartEvent | undefined
  #response: Outgoing | undefined
  #verdict: 'pass' | 'refuse' | undefined
  #settled: Deferred<void> | undefined
  #mapped: MappedEvents | undefined
  #startFault: unknown
  #accepting = false
  #answering = false
  #appCalled = false
  #appEnd: AppEnd | undefined

  constructor(layers: readonly Layer[], app: EventApp, call: Call) {
    this.#app = app
    this.#call = call
    this.#flow = new Flow(layers, 'awaits')
    this.#end = new ExchangeEnd(call.scope, call.send)
  }

  run(): Promise<void> {
    const request = new ScopeRequest(this.#call.scope, this.#end)
    this.#advance(() => this.#flow.start(request))
    return this.#end.promise
  }

  // --- the middleware ---

  #advance(move: () => Halt): void {
    try {
      this.#halted(move())
    } catch (error) {
      this.#failed(error)
    }
  }

  #halted(halt: Halt): void {
    if (halt instanceof Outgoing) return this.#decide(halt)
    if (halt.kind !== 'wait') return this.#callApp(halt.scope as Call['scope'])
    Promise.resolve(halt.promise).then(
      (value) => this.#advance(() => this.#flow.resume(value)),
      (error: unknown) => this.#advance(() => this.#flow.fail(error)),
    )
  }

  #decide(response: Outgoing): void {
    const isApps = response === this.#response
    const accepts = response.status === 101
    if (accepts && !this.#accepting) {
      return this.#failed(
        new AppFault('a middleware answered 101; only the app can accept a WebSocket'),
      )
    }
    if (isApps && accepts === this.#accepting) this.#verdict = 'pass'
    else this.#answer(response)
    this.#settled?.resolve()
  }

  // No middleware has caught it.
  #failed(error: unknown): void {
    const isApps = this.#appEnd?.error === error
    this.#verdict = 'refuse'
    this.#settled?.resolve()
    if (this.#phase === 'open') this.#phase = 'refusing'
    if (!isApps) return this.#end.reject(error)

    // What the app has announced goes out before its failure does: the server judges both, as it would without a chain.
    const end = (): void => this.#appFailed(error)
    if (this.#start) this.#end.send(this.#start).then(end, end)
    else end()
  }

  #answer(response: Outgoing): void {
    this.#verdict = 'refuse'
    if (this.#phase === 'open') this.#phase = 'refusing'
    this.#answering = true
    this.#sendAnswer(response).then(
      () => {
        this.#answering = false
        this.#conclude()
      },
      (error: unknown) => this.#end.reject(error),
    )
  }

  async #sendAnswer(response: Outgoing): Promise<void> {
    const { scope } = this.#call
    const receive = this.#end.begin(this.#call.receive)
    // A denial is the answer to `websocket.connect`, which nobody has received here.
    if (scope.type === 'websocket' && !this.#appCalled) await receive()
    await sendAnswer(response, scope, this.#end.send)
  }

  // --- the app ---

  #callApp(scope: Call['scope']): void {
    this.#appCalled = true
    this.#flow.keepContext()
    const { appContext } = this.#flow
    const receive = this.#end.begin(this.#call.receive)
    try {
      const running = appContext
        ? appContext.runInAsyncScope(this.#app, undefined, scope, receive, this.#take)
        : this.#app(scope, receive, this.#take)
      Promise.resolve(running).then(this.#appReturned, this.#appThrew)
    } catch (error) {
      this.#appThrew(error)
    }
  }

  readonly #appReturned = (result: unknown): void => {
    this.#appEnded({ result })
  }

  readonly #appThrew = (error: unknown): void => {
    this.#appEnded({ threw: true, error })
  }

  #appEnded(end: AppEnd): void {
    switch (this.#phase) {
      case 'open': {
        const error = end.threw ? end.error : noResponse(this.#call.scope)
        this.#appEnd = { ...end, error }
        return this.#advance(() => this.#flow.fail(error))
      }
      case 'settling':
        return void this.#settled?.promise.then(() => this.#appEnded(end))
      case 'passing':
        this.#appEnd = end
        return end.threw ? this.#end.reject(this.#startFault ?? end.error) : this.#conclude()
      case 'refusing':
        this.#appEnd = end
        if (end.threw) this.#end.logLate(end.error)
        return this.#conclude()
    }
  }

  #appFailed(error: unknown): void {
    if (this.#appEnd?.threw) this.#end.reject(error)
    else this.#conclude()
  }

  #conclude(): void {
    if (this.#answering || (this.#appCalled && !this.#appEnd)) return
    this.#end.resolve(this.#appEnd?.result)
  }

  // --- what the app sends ---

  readonly #take = (event: SendEvent): Promise<void> => {
    switch (this.#phase) {
      case 'open':
        return this.#takeHead(event)
      case 'settling':
        return (this.#settled as Deferred<void>).promise.then(() => this.#take(event))
      case 'passing':
        return this.#mapped ? this.#mapped.pass(event) : this.#end.send(event)
      case 'refusing':
        return rejected(new ClientDisconnected('a middleware has answered instead of the app'))
    }
  }

  #takeHead(event: SendEvent): Promise<void> {
    const { scope } = this.#call
    try {
      if (this.#response) {
        if (completes(event, this.#response)) return this.#settle(event)
        refuseHead(event)
      } else if (isStart(event, scope)) {
        this.#response = announced(event)
        this.#start = event
        return isUrgent(this.#response) ? this.#settle(undefined) : DONE
      } else if (scope.type === 'websocket') {
        this.#response = handshakeAnswer(event)
        if (this.#response) return this.#settle(event)
      }
    } catch (error) {
      return rejected(error)
    }
    // Early hints pass, and what is illegal the server refuses.
    return this.#end.send(event)
  }

  // The response is there, with `first` of its body unless that is still to come.
  #settle(first: SendEvent | undefined): Promise<void> {
    const response = this.#response as Outgoing
    this.#phase = 'settling'
    this.#accepting = first?.type === 'websocket.accept'
    response.take()
    this.#advance(() => this.#flow.answer(response))
    if (this.#verdict) return this.#passFirst(first)
    this.#settled = deferred()
    return this.#settled.promise.then(() => this.#passFirst(first))
  }

  #passFirst(first: SendEvent | undefined): Promise<void> {
    const response = this.#response as Outgoing
    const { scope } = this.#call
    this.#phase = this.#verdict === 'pass' ? 'passing' : 'refusing'
    if (this.#phase === 'refusing') return this.#take(first as SendEvent)
    if (first?.type === 'websocket.accept') return this.#end.send(headEvent(first, response))
    if (first?.type === 'websocket.close') {
      return response.untouched
        ? this.#end.send(first)
        : sendAnswer(response, scope, this.#end.send)
    }

    const start = headEvent(this.#start as StartEvent, response)
    const mapped = response.mapped(scope.type === 'http' ? scope.method : 'GET')
    if (mapped) {
      const { send } = this.#end
      this.#mapped = new MappedEvents(mapped, {
        send,
        onFailure: (error) => this.#end.reject(error),
      })
      return this.#mapped.begin(start, first)
    }
    const started = this.#end.send(start)
    if (!first) return started
    // What is wrong with the head shows at its body: the reason is kept.
    started.then(undefined, (error: unknown) => (this.#startFault = error))
    return this.#end.send(first)
  }
}

function refuseHead(event: SendEvent): void {
  if (!HEADS.has(event?.type)) return
  throw new IllegalEvent(
    `${event.type} is illegal here: the response is started and waiting for its body`,
  )
}

const HEADS = new Set([
  'http.response.start',
  'websocket.http.response.start',
  'websocket.accept',
  'websocket.close',
])
