// A call out of blocking code to an app on the gateway's event loop: the thread waits, the loop works.

import { ClientDisconnected, WouldDeadlock } from '../../errors.ts'
import { Input } from '../../sync/input.ts'
import { environToScope } from '../scope.ts'
import { hasBody } from '../has-body.ts'
import { fromErrorData, toErrorData } from './error-data.ts'
import { runningRequest } from './running-request.ts'
import type { Environ, InputStream, SyncApp, SyncBody } from '../../contract/environ.ts'
import type { Caller } from './running-request.ts'
import type { AnswerMessage, CalledApp, CallMessage, PartMessage } from './messages.ts'

const READ_BYTES = 64 * 1024
const RESPONSE_WINDOW = 256 * 1024
let lastCall = 0

/**
 * `app` as a sync app for the code of a pool thread. It blocks until the head is there, then for each chunk.
 *
 * @throws {@link WouldDeadlock} (`ISTHMUS_WOULD_DEADLOCK`), from the app, anywhere else
 */
export function callApp(app: CalledApp): SyncApp {
  return (environ, startResponse) => {
    const caller = runningRequest()
    if (!caller) {
      throw new WouldDeadlock(
        'a blocking call on the event loop would wait for what only the loop can do; call it in code that threads() hosts',
      )
    }
    const call = new HostedCall(app, environ, caller)
    const first = call.next()
    if (first?.head) startResponse(statusLine(first.head.status), first.head.headers)
    return bodyOf(call, first)
  }
}

function bodyOf(call: HostedCall, first: PartMessage | null): SyncBody {
  return {
    *[Symbol.iterator]() {
      for (let part = first; part; part = call.next()) if (part.chunk !== null) yield part.chunk
    },
    close: () => call.close(),
  }
}

// The reason phrase does not cross: the wire carries the standard one.
function statusLine(status: number): string {
  return `${status} `
}

/** One call; whoever opens it closes it. */
class HostedCall {
  readonly id: number
  readonly #app: CalledApp
  readonly #caller: Caller
  readonly #input: InputStream
  #parts: PartMessage[] = []
  #wantedBytes = 0
  #bodySent = false
  #whole = false
  #done = false
  #failure: Error | undefined

  constructor(app: CalledApp, environ: Environ, caller: Caller) {
    this.id = ++lastCall
    this.#app = app
    this.#caller = caller
    this.#input = environ['wsgi.input']
    const { state: _state, 'isthmus.environ': _environ, ...scope } = environToScope(environ)
    delete scope['isthmus.connection']
    caller.calls.set(this.id, this)
    this.#post({
      type: 'request',
      id: this.id,
      scope,
      environ: {},
      hasBody: hasBody(environToScope(environ)),
      bodyWindow: 0,
      responseWindow: RESPONSE_WINDOW,
      nestedIn: null,
      context: {},
    })
    caller.wires.link.flush()
  }

  take({ message }: AnswerMessage): void {
    switch (message.type) {
      case 'want':
        this.#wantedBytes += message.bytes
        return
      case 'part':
        this.#parts.push(message)
        return
      case 'failure':
        this.#failure = fromErrorData(message.error)
        return
      case 'done':
        this.#done = true
    }
  }

  /** Blocks until the next part is there; null behind the last one. */
  next(): PartMessage | null {
    for (;;) {
      const part = this.#parts.shift()
      if (part) return this.#taken(part)
      if (this.#failure) throw this.#failure
      if (this.#whole || this.#done) return null
      if (!this.#passBody()) this.#caller.wires.block()
      this.#caller.refuseCancelled()
    }
  }

  /** Stops the app unless it is done, and waits until it has cleaned up; the gateway bounds that. */
  close(): void {
    if (!this.#whole && !this.#done) {
      this.#post({ type: 'cancel', id: this.id, error: toErrorData(new ClientDisconnected()) })
      this.#caller.wires.link.flush()
      while (!this.#done) this.#caller.wires.block()
    }
    this.#caller.calls.delete(this.id)
  }

  #taken(part: PartMessage): PartMessage {
    this.#whole = part.end
    if (part.chunk !== null && !part.end) {
      this.#post({ type: 'credit', id: this.id, bytes: part.chunk.length })
      this.#caller.wires.link.flush()
    }
    return part
  }

  // False: there is nothing to pass on yet. Nothing here waits for the body alone: a part may come first.
  #passBody(): boolean {
    if (this.#wantedBytes <= 0 || this.#bodySent) return false
    const input = this.#input
    if (input instanceof Input && !input.buffered && !this.#caller.body.askForMore()) return false

    const chunk = input instanceof Input ? input.read1(READ_BYTES) : input.read(READ_BYTES)
    this.#wantedBytes -= chunk.length
    this.#bodySent = chunk.length === 0
    this.#post({ type: 'body', id: this.id, chunk, last: this.#bodySent })
    this.#caller.wires.link.flush()
    return true
  }

  #post(message: CallMessage['message']): void {
    this.#caller.wires.link.post({ type: 'call', id: this.#caller.id, app: this.#app, message })
  }
}
