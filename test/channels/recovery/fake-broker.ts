// A broker whose answers and messages wait until the test passes them on, in any order, and whose connections break.

import { deferred } from '../../../src/waiting/deferred.ts'
import type { Position } from '../../../src/contract/channels.ts'
import type { Broker, BrokerEvents, Envelope, Past, Payload } from '../../../src/channels/broker.ts'

/** The history of one group. */
interface Log {
  epoch: string
  offset: number
  kept: Envelope[]
}

/** The part that all processes share. */
export class FakeServer {
  readonly #sizeOf: (group: string) => number
  readonly #logs = new Map<string, Log>()
  readonly connections: Set<FakeBroker> = new Set()
  #epochs = 0

  constructor(sizeOf: (group: string) => number) {
    this.#sizeOf = sizeOf
  }

  publish(group: string, payload: Payload, lost: number): void {
    const envelope = this.#append(group, payload, lost)
    for (const connection of this.connections) connection.feed(envelope)
  }

  read(group: string, since: Position | null): Past {
    const { epoch, offset, kept } = this.#logOf(group)
    const after = since?.epoch === epoch ? since.offset : 0
    const messages = since ? kept.filter(({ position }) => position!.offset > after) : []
    return { position: { epoch, offset }, messages }
  }

  /** Another server without messages takes the place of this one. */
  restartEmpty(): void {
    this.#logs.clear()
  }

  #append(group: string, payload: Payload, lost: number): Envelope {
    const size = this.#sizeOf(group)
    if (size === 0) return { group, payload, position: null, lost }
    const log = this.#logOf(group)
    log.offset += 1
    const position = { epoch: log.epoch, offset: log.offset }
    const envelope = { group, payload, position, lost }
    log.kept = [...log.kept, envelope].slice(-size)
    return envelope
  }

  #logOf(group: string): Log {
    let log = this.#logs.get(group)
    if (!log) {
      log = { epoch: `e${(this.#epochs += 1)}`, offset: 0, kept: [] }
      this.#logs.set(group, log)
    }
    return log
  }
}

/** A request whose answer is not there yet. `ask` runs at the server, `answer` gives its result to the process. */
interface Request {
  ask: () => void
  answer: () => void
  isAsked: boolean
  keepsAnswer: boolean
}

const MAX_PENDING = 4

/** The connection of one process. */
export class FakeBroker implements Broker {
  readonly #server: FakeServer
  readonly #events: BrokerEvents
  readonly #followed = new Set<string>()
  readonly #subscribed = new Set<string>()
  #requests: Request[] = []
  #feed: Envelope[] = []
  #unsent: Array<[group: string, payload: Payload, lost: number]> = []
  readonly #lost = new Map<string, number>()
  isConnected: boolean = true

  constructor(server: FakeServer, events: BrokerEvents) {
    this.#server = server
    this.#events = events
    server.connections.add(this)
  }

  get pending(): number {
    return this.#unsent.length
  }

  publish(group: string, payload: Payload): boolean {
    const lost = this.#lost.get(group) ?? 0
    if (this.#unsent.length >= MAX_PENDING) {
      this.#lost.set(group, lost + 1)
      return false
    }
    this.#lost.delete(group)
    this.#unsent.push([group, payload, lost])
    return true
  }

  follow(group: string): Promise<void> {
    this.#followed.add(group)
    const followed = deferred()
    this.#request({ ask: () => this.#subscribed.add(group), answer: () => followed.resolve() })
    return followed.promise
  }

  unfollow(group: string): void {
    this.#followed.delete(group)
    this.#subscribed.delete(group)
  }

  read(group: string, since: Position | null): Promise<Past> {
    const read = deferred<Past>()
    let past: Past
    this.#request({
      ask: () => (past = this.#server.read(group, since)),
      answer: () => read.resolve(past),
      keepsAnswer: true,
    })
    return read.promise
  }

  close(): Promise<void> {
    this.#server.connections.delete(this)
    return Promise.resolve()
  }

  /** A message of the server is on its way. */
  feed(envelope: Envelope): void {
    if (this.isConnected && this.#subscribed.has(envelope.group)) this.#feed.push(envelope)
  }

  /** Passes on one thing: a publication, a message, a question or an answer. */
  step(choice: number): void {
    const possible = this.#possible()
    possible[choice % possible.length]?.()
  }

  /** Passes everything on. False: there was nothing. */
  flush(): boolean {
    let found = false
    for (let next = this.#possible()[0]; next; next = this.#possible()[0]) {
      next()
      found = true
    }
    return found
  }

  /** A message that is on its way comes twice. */
  duplicate(choice: number): void {
    const envelope = this.#feed[choice % this.#feed.length]
    if (envelope?.position) this.#feed.push(envelope)
  }

  /** Messages of a history that are on their way do not come. */
  drop(choice: number): void {
    const from = choice % (this.#feed.length + 1)
    this.#feed = this.#feed.filter(
      ({ position }, index) => !position || index < from || index > from + 2,
    )
  }

  /** Some of the messages of histories that were on their way come late: after the return. */
  cut(choice: number): void {
    this.isConnected = false
    this.#feed = this.#feed.slice(0, choice).filter(({ position }) => position !== null)
    this.#subscribed.clear()
    // The promises wait: the questions are asked again, but for those whose answer was there already.
    for (const request of this.#requests) request.isAsked &&= request.keepsAnswer && choice > 4
  }

  restore(): void {
    if (this.isConnected) return
    this.isConnected = true
    for (const group of this.#followed) this.#subscribed.add(group)
    this.#events.onResumed([...this.#followed])
  }

  #request(request: Pick<Request, 'ask' | 'answer'> & Partial<Request>): void {
    this.#requests.push({ isAsked: false, keepsAnswer: false, ...request })
  }

  #possible(): Array<() => void> {
    if (!this.isConnected) return []
    const steps: Array<() => void> = this.#requests.map((request) => () => this.#advance(request))
    const [envelope] = this.#feed
    if (envelope) steps.push(() => this.#events.onMessage(this.#feed.shift() as Envelope))
    if (this.#unsent.length > 0) steps.push(() => this.#server.publish(...this.#unsent.shift()!))
    return steps
  }

  #advance(request: Request): void {
    if (!request.isAsked) {
      request.isAsked = true
      return request.ask()
    }
    this.#requests = this.#requests.filter((other) => other !== request)
    request.answer()
  }
}
