// Holds the messages between an engine that pushes them and an app that pulls them, in order and up to a limit.

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

/** The size at which the queue is full: a number of messages, or of bytes (for text: UTF-16 code units). */
interface QueueLimits {
  maxMessages: number
  maxBytes: number
}

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
  #events: WebSocketReceivedEvent[] = [{ type: 'websocket.connect' }]
  #bytes = 0
  #paused = false
  #end: WebSocketDisconnectEvent | undefined
  #pending: Promise<WebSocketReceivedEvent> | undefined
  #wake: ((event: WebSocketReceivedEvent) => void) | undefined

  constructor(flow: MessageFlow, limits: QueueLimits) {
    this.#flow = flow
    this.#limits = limits
  }

  /** The next event. While a call is pending, a further call returns the same promise, so that no event is lost. */
  receive(): Promise<WebSocketReceivedEvent> {
    if (this.#pending) return this.#pending
    const event = this.#next()
    if (event) return Promise.resolve(event)

    this.#pending = new Promise((resolve) => {
      this.#wake = resolve
    })
    return this.#pending
  }

  /** Takes one whole message. After the end, messages are dropped. */
  push(message: string | Uint8Array): void {
    if (this.#end) return
    const event = messageEvent(message)
    if (this.#pending) return this.#resolvePending(event)

    this.#events.push(event)
    this.#bytes += message.length
    if (this.#paused || !this.#reaches(1)) return
    this.#paused = true
    this.#flow.pause()
  }

  /** Ends the queue: the disconnect comes after the waiting messages. Only the first call counts. */
  end(code: number, reason: string): void {
    if (this.#end) return
    this.#end = { type: 'websocket.disconnect', code, reason }
    if (this.#pending) this.#resolvePending({ ...this.#end })
  }

  #next(): WebSocketReceivedEvent | undefined {
    const event = this.#events.shift()
    // Each call returns a copy, because the app may keep the event and change it.
    if (!event) return this.#end && { ...this.#end }

    if (event.type === 'websocket.receive') this.#bytes -= sizeOf(event)
    if (this.#paused && !this.#end && !this.#reaches(1 / 2)) {
      this.#paused = false
      this.#flow.resume()
    }
    return event
  }

  #reaches(share: number): boolean {
    const { maxMessages, maxBytes } = this.#limits
    if (this.#events.length === 0) return false
    return this.#events.length >= maxMessages * share || this.#bytes >= maxBytes * share
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

function sizeOf(event: WebSocketReceiveEvent): number {
  return (event.text ?? event.bytes)?.length ?? 0
}
