// Holds the messages between an engine that pushes them and an app that pulls them, in order and up to a limit.

import { Fifo } from '../waiting/fifo.ts'
import type {
  WebSocketDisconnectEvent,
  WebSocketReceivedEvent,
  WebSocketReceiveEvent,
} from '../contract/events.ts'

/** The functions of the engine that stop and continue its reading. */
interface MessageFlow {
  pause(): void
  resume(): void
}

/** The sizes at which the queue is full. Bytes are the length of a message (for text: UTF-16 code units) plus 64. */
export interface QueueLimits {
  /** The queue is full with this many messages, if they have {@link minBytes} too. */
  maxMessages: number
  /** The queue is full with this many bytes, also if the messages are few. */
  maxBytes: number
  /** The queue takes this many bytes in any case, because only an engine that reads sees the end of the connection. */
  minBytes: number
}

// The bookkeeping of a message: a message of one byte costs more than its byte.
const MESSAGE_BYTES = 64

/**
 * Answers `receive()` of a WebSocket: `websocket.connect`, the messages in order, then `websocket.disconnect`
 * for ever. A full queue pauses the engine, and a half empty one resumes it. The queue still takes the messages that
 * the engine had read before the pause.
 *
 * @see ASGI HTTP & WebSocket 2.5, "WebSocket"
 */
export class MessageQueue {
  readonly #flow: MessageFlow
  readonly #limits: QueueLimits
  /** Made for the first message that waits: the app of an idle WebSocket takes each message at once. */
  #messages: Fifo<string | Uint8Array> | undefined
  #bytes = 0
  #connectTaken = false
  /** The app has a message, and has not asked for the next event yet. */
  #working = false
  #paused = false
  #end: WebSocketDisconnectEvent | undefined
  #pending: Promise<WebSocketReceivedEvent> | undefined
  #wake: ((event: WebSocketReceivedEvent) => void) | undefined
  #onIdle: (() => void) | undefined

  constructor(flow: MessageFlow, limits: QueueLimits) {
    this.#flow = flow
    this.#limits = limits
  }

  /** The next event. While a call is pending, a further call returns the same promise, so that no event is lost. */
  receive(): Promise<WebSocketReceivedEvent> {
    if (this.#pending) return this.#pending
    this.#working = false
    const event = this.#next()
    if (event) return Promise.resolve(event)

    this.#pending = new Promise((resolve) => {
      this.#wake = resolve
    })
    this.#onIdle?.()
    return this.#pending
  }

  /** Takes one whole message. After the end, messages are dropped. */
  push(message: string | Uint8Array): void {
    if (this.#end) return
    if (this.#pending) {
      this.#working = true
      return this.#resolvePending(messageEvent(message))
    }

    this.#messages ??= new Fifo()
    this.#messages.push(message)
    this.#bytes += message.length + MESSAGE_BYTES
    if (this.#paused || !this.#reaches(1)) return
    this.#paused = true
    this.#flow.pause()
  }

  /**
   * Calls `callback` once the app has taken all messages, and has asked for the next event after the last one; at once
   * if no message is under way. The end drops the callback.
   */
  whenIdle(callback: () => void): void {
    if (this.#waiting === 0 && !this.#working) callback()
    else this.#onIdle = callback
  }

  /** Ends the queue: the disconnect comes after the waiting messages. Only the first call counts. */
  end(code: number, reason: string): void {
    if (this.#end) return
    this.#end = { type: 'websocket.disconnect', code, reason }
    this.#onIdle = undefined
    if (this.#pending) this.#resolvePending({ ...this.#end })
  }

  get #waiting(): number {
    return this.#messages?.length ?? 0
  }

  #next(): WebSocketReceivedEvent | undefined {
    if (!this.#connectTaken) {
      this.#connectTaken = true
      return { type: 'websocket.connect' }
    }
    const message = this.#messages?.shift()
    // Each call returns a copy, because the app may keep the event and change it.
    if (message === undefined) return this.#end && { ...this.#end }

    this.#working = true
    this.#bytes -= message.length + MESSAGE_BYTES
    if (this.#paused && !this.#end && !this.#reaches(1 / 2)) {
      this.#paused = false
      this.#flow.resume()
    }
    return messageEvent(message)
  }

  #reaches(share: number): boolean {
    const { maxMessages, maxBytes, minBytes } = this.#limits
    const waiting = this.#waiting
    if (waiting === 0) return false
    if (this.#bytes >= maxBytes * share) return true
    return waiting >= maxMessages * share && this.#bytes >= minBytes * share
  }

  #resolvePending(event: WebSocketReceivedEvent): void {
    this.#pending = undefined
    this.#wake?.(event)
  }
}

function messageEvent(message: string | Uint8Array): WebSocketReceiveEvent {
  return typeof message === 'string'
    ? { type: 'websocket.receive', text: message }
    : { type: 'websocket.receive', bytes: message }
}
