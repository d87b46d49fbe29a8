// The way to one process: frames in both directions over a pair of sockets.

import { performance } from 'node:perf_hooks'
import { AppLoadError } from '../../../errors.ts'
import { deferred } from '../../../waiting/deferred.ts'
import { toErrorData } from '../../protocol/error-data.ts'
import { PROTOCOL_VERSION, TO_GATEWAY } from '../../protocol/frames/frame.ts'
import { FrameReader } from '../../protocol/frames/frame-reader.ts'
import { fromFrame, partOf, recordOf } from '../../protocol/frames/from-frames.ts'
import { helloFrame, pingFrame, toFrame } from '../../protocol/frames/to-frames.ts'
import { MergedParts } from '../merged-parts.ts'
import { cannotCross } from '../refused-request.ts'
import { HostRelays } from '../host-relays.ts'
import { SentExtensions } from '../sent-extensions.ts'
import { SentState } from '../sent-state.ts'
import { publishEnd, publishStart } from './channels.ts'
import { Child } from './child.ts'
import { Outbox } from './outbox.ts'
import { Turns } from './turns.ts'
import type { Channels } from '../../../contract/channels.ts'
import type { Frame } from '../../protocol/frames/frame.ts'
import type { FromHost, PartMessage, ToHost } from '../../protocol/messages.ts'
import type { EndReason, HostEvents, OwnedPort, PoolHost } from '../host-kind.ts'
import type { PoolRequest } from '../pool-request.ts'
import type { ProcessStart } from './channels.ts'
import type { ChildSettings } from './child.ts'

/** The time for a process to end after a `stop`, in ms: ten of the seconds are for its lifespan. */
const STOP_MS = 20_000
/** A process that is told to end, and that answers nothing for this time, does not hear it. */
const STANDSTILL_MS = 1_000

/** The options of a pool that concern one process. */
export interface ProcessSettings extends ChildSettings {
  /** The app, for messages. */
  app: string
  /** The options of the host. */
  hello: Readonly<Record<string, unknown>>
  timeoutMs: number
  /** The requests that the process runs at the same time, if its app is a sync app. */
  slots: number
  /** The channels for code outside of requests. */
  channels?: Channels | undefined
}

/** Owns one process. The pool stops it. */
export class ProcessPort implements OwnedPort {
  readonly #host: PoolHost
  readonly #events: HostEvents
  readonly #settings: ProcessSettings
  readonly #child: Child
  readonly #outbox: Outbox
  readonly #reader = new FrameReader()
  readonly #parts = new MergedParts({ onPart: (part) => this.#onPart(part) })
  readonly #turns: Turns
  readonly #start: ProcessStart
  readonly #sent = {
    state: new SentState(),
    channels: new HostRelays((message) => this.#post(message)),
    http: new SentExtensions({ withFiles: true }),
    websocket: new SentExtensions(),
  }
  readonly #leftOut = new Set<string>()
  readonly #stopped = deferred()
  #timer: NodeJS.Timeout | undefined
  #question = 0
  // Infinity: no question is open.
  #askedAt = Infinity
  #error: Error | undefined
  #isGreeted = false
  #isLoaded = false
  #isStopped = false
  #isGone = false

  constructor(settings: ProcessSettings, host: PoolHost, events: HostEvents) {
    this.#settings = settings
    this.#host = host
    this.#events = events
    this.#turns = new Turns(settings.slots)
    this.#child = new Child(settings, this)
    const { socket } = this.#child
    this.#outbox = new Outbox(socket)
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    this.#start = { pid: this.#child.pid, app: settings.app }
    publishStart(this.#start)
    const channels = this.#sent.channels.start(settings.channels)
    const hello = { protocol: PROTOCOL_VERSION, app: settings.app, ...settings.hello, channels }
    this.#outbox.push(helloFrame(hello))
  }

  publishEnd(reason: EndReason, error: Error | undefined): void {
    publishEnd({ ...this.#start, reason, error })
  }

  // A process says itself that it is free: it takes no request back without a message.
  readonly reached: number = Infinity
  // No WebSocket holds a process.
  readonly steps = 0

  isFull(_turn: number): boolean {
    return this.#outbox.isFull
  }

  assign(request: PoolRequest, turn: number): void {
    const { timeoutMs } = this.#settings
    const { isSideBySide } = this.#host.pace
    this.#turns.add(request.id, turn)
    const isTimed = !isSideBySide && Number.isFinite(timeoutMs)
    const deadline = isTimed ? Date.now() + timeoutMs : undefined
    try {
      const post = this.#post
      request.dispatch({ post, sent: this.#sent, isSideBySide, deadline, nestedIn: null })
    } catch (error) {
      request.fail(cannotCross(error))
      // The scheduler is in the middle of the assignment.
      setImmediate(() => this.#onDone(request.id, 0))
    }
  }

  // No code in a process calls an app on the event loop of the gateway.
  assignNested(request: PoolRequest): void {
    request.fail(new Error('a request cannot be nested in a process'))
  }

  /** Only when the process is gone: before, it may begin each request at any moment. */
  takeBack(turn: number): boolean {
    return this.#isGone && !this.#host.pace.isSideBySide && this.#turns.takeBack(turn)
  }

  ask(now: number): void {
    if (this.#askedAt !== Infinity) return
    this.#askedAt = now
    this.#question += 1
    this.#outbox.push(pingFrame(this.#question))
  }

  waitedMs(now: number): number {
    return Math.max(0, now - this.#askedAt)
  }

  stopSoon(): Promise<void> {
    if (!this.#isLoaded) this.stop()
    if (this.#isStopped) return this.#stopped.promise
    this.#isStopped = true
    this.#post({ type: 'stop' })
    this.ask(performance.now())
    this.#outbox.flush()
    this.#timer = setTimeout(() => this.#stopUnlessAlive(), STANDSTILL_MS)
    return this.#stopped.promise
  }

  stop(): void {
    this.#isStopped = true
    this.#stopped.resolve()
    this.#child.kill()
  }

  sampleStack(): Promise<string | undefined> {
    return this.#child.sampleStack()
  }

  #stopUnlessAlive(): void {
    const isDeaf = this.#host.pace.isSideBySide ? this.#askedAt !== Infinity : this.#turns.size > 0
    if (isDeaf) return this.stop()
    this.#timer = setTimeout(() => this.stop(), STOP_MS)
  }

  readonly #post = (message: ToHost): void => {
    this.#outbox.push(toFrame(message, this.#onLeftOut))
  }

  readonly #onLeftOut = (key: string): void => {
    if (this.#leftOut.has(key)) return
    this.#leftOut.add(key)
    const message = 'a value cannot cross into a process, because JSON cannot write it'
    this.#events.onLog({ type: 'log', level: 'warn', fields: { key }, error: null, message })
  }

  // --- the events of the process ---

  onText(level: 'info' | 'warn', message: string): void {
    const fields = { pid: this.#child.pid }
    this.#events.onLog({ type: 'log', level, fields, error: null, message })
  }

  onSpawnError(cause: Error): void {
    const [file] = this.#settings.command
    const error = new AppLoadError(
      `${file} cannot be started: ${cause.message}. Name the program of Python in the option python (--python)`,
      { cause },
    )
    const message = { type: 'loaded', runs: 'inTurn', error: toErrorData(error) } as const
    this.#events.onLoaded(this.#host, message)
  }

  onExit(end: string): void {
    this.#isGone = true
    clearTimeout(this.#timer)
    this.#stopped.resolve()
    this.#outbox.close()
    this.#sent.channels.close()
    this.#events.onExit(this.#host, this.#isStopped ? undefined : (this.#error ?? new Error(end)))
  }

  // The event loop serves all processes: an error here would end the server.
  #take(bytes: Buffer): void {
    if (this.#error) return
    try {
      for (const frame of this.#reader.read(bytes)) this.#takeFrame(frame)
      this.#parts.flush()
    } catch (cause) {
      this.#error = new Error('the process has broken the protocol of its pool', { cause })
      this.#child.kill()
    }
  }

  #takeFrame(frame: Frame): void {
    switch (frame.kind) {
      case TO_GATEWAY.part:
        return this.#takePart(frame)
      case TO_GATEWAY.pong:
        if (frame.id === this.#question) this.#askedAt = Infinity
        return
      case TO_GATEWAY.hello:
        return this.#greet(recordOf(frame.payload))
      default:
        this.#parts.flush()
        return this.#onMessage(fromFrame(frame))
    }
  }

  #greet({ protocol }: Record<string, unknown>): void {
    if (protocol !== PROTOCOL_VERSION)
      throw new Error(`the host speaks protocol ${String(protocol)}`)
    this.#isGreeted = true
  }

  #takePart(frame: Frame): void {
    const { part, tookMs } = partOf(frame)
    if (part.end) this.#turns.answered(part.id)
    this.#parts.push(part)
    if (tookMs !== undefined) this.#onDone(part.id, tookMs)
  }

  #onPart(part: PartMessage): void {
    this.#host.find(part.id)?.take(part)
  }

  #onDone(id: number, tookMs: number): void {
    this.#turns.remove(id)
    if (this.#host.pace.isSideBySide) this.#host.find(id)?.done()
    this.#events.onDone(this.#host, id, tookMs, performance.now())
  }

  #onMessage(message: FromHost): void {
    switch (message.type) {
      case 'loaded':
        if (!this.#isGreeted) throw new Error('the host has sent no hello')
        this.#isLoaded = message.error === null
        return this.#events.onLoaded(this.#host, message)
      case 'log':
        return this.#events.onLog(message)
      case 'worn':
        return this.#events.onWorn(this.#host, message)
      case 'done':
        return this.#onDone(message.id, message.tookMs)
      case 'giveBack':
        this.#turns.remove(message.id)
        return this.#events.onGivenBack(this.#host, message.id)
      case 'link':
        return this.#sent.channels.take(message)
      case 'failure':
        this.#turns.answered(message.id)
        this.#host.find(message.id)?.take(message)
        return
      default:
        this.#host.find(message.id)?.take(message)
    }
  }
}
