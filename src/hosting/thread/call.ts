// A call out of blocking code to an app on the gateway's event loop: the thread waits, the loop works.

import { ClientDisconnectedError } from '../../errors.ts'
import { carriedValues } from '../../bridge/request-context.ts'
import { hasBody } from '../../http/content.ts'
import { environToScope } from '../../bridge/environ-to-scope.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import { scopeData } from '../protocol/scope-data.ts'
import type { Environ, InputStream } from '../../contract/environ.ts'
import type { Caller, OpenCall } from './call-stack.ts'
import type { AnswerMessage, CalledApp, CallMessage, PartMessage } from '../protocol/messages.ts'

const READ_BYTES = 64 * 1024
const WINDOW_BYTES = 256 * 1024
const NESTED_BYTES = 16 * 1024 * 1024
let lastCall = 0

/** One call; whoever opens it closes it. */
export class ThreadCall implements OpenCall {
  readonly id: number
  readonly #app: CalledApp
  readonly #caller: Caller
  readonly #input: InputStream
  #parts: PartMessage[] = []
  #heldBytes = 0
  #lentBytes = 0
  #wantedBytes = 0
  #isPassing = false
  #bodySent = false
  #whole = false
  #done = false
  #failure: Error | undefined

  constructor(app: CalledApp, environ: Environ, caller: Caller) {
    this.id = ++lastCall
    this.#app = app
    this.#caller = caller
    this.#input = environ['wsgi.input']
    const scope = environToScope(environ)
    this.#post({
      type: 'request',
      id: this.id,
      scope: scopeData(scope),
      // An input that middleware has put there may have bytes of which the head knows nothing.
      hasBody: hasBody(scope) || this.#input !== caller.input,
      responseWindow: WINDOW_BYTES,
      carried: carriedValues(caller.carried),
    })
    caller.calls.set(this.id, this)
  }

  take({ message }: AnswerMessage): void {
    switch (message.type) {
      case 'want':
        this.#wantedBytes += message.bytes
        return
      case 'part':
        this.#heldBytes += message.chunk?.length ?? 0
        this.#parts.push(message)
        return
      case 'failure':
        this.#failure ??= fromErrorData(message.error)
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
      this.#caller.refuseCancelled()
      this.#caller.wires.block()
    }
  }

  /** Stops the app unless it is done, and waits until it has cleaned up; the gateway bounds that. */
  close(): void {
    if (!this.#whole && !this.#done) {
      this.abandon()
      while (!this.#done) this.#caller.wires.block()
    }
    this.#caller.calls.delete(this.id)
  }

  abandon(): void {
    if (this.#whole || this.#done) return
    this.#post({ type: 'cancel', id: this.id, error: toErrorData(new ClientDisconnectedError()) })
  }

  // Nothing here waits for the body alone: a part may come first.
  passBody(): boolean {
    if (this.#isPassing || this.#wantedBytes <= 0 || this.#bodySent) return false
    this.#isPassing = true
    try {
      return this.#passChunk()
    } catch (error) {
      this.#bodySent = true
      this.#failure ??= error as Error
      this.abandon()
      return true
    } finally {
      this.#isPassing = false
    }
  }

  makeRoom(): boolean {
    if (this.#heldBytes <= WINDOW_BYTES + this.#lentBytes) return true
    const bytes = NESTED_BYTES - this.#lentBytes
    if (bytes <= 0) return false
    this.#lentBytes += bytes
    this.#post({ type: 'credit', id: this.id, bytes })
    return true
  }

  #taken(part: PartMessage): PartMessage {
    this.#whole = part.end
    const bytes = part.chunk?.length ?? 0
    this.#heldBytes -= bytes
    const returned = Math.min(this.#lentBytes, bytes)
    this.#lentBytes -= returned
    if (bytes > returned && !part.end) {
      this.#post({ type: 'credit', id: this.id, bytes: bytes - returned })
    }
    return part
  }

  // False: there is nothing yet.
  #passChunk(): boolean {
    const { input, body } = this.#caller
    const isOwn = this.#input === input
    if (isOwn && !input.buffered && !body.askForMore()) return false

    const chunk = isOwn ? input.read1(READ_BYTES) : this.#input.read(READ_BYTES)
    this.#wantedBytes -= chunk.length
    this.#bodySent = chunk.length === 0
    this.#post({ type: 'body', id: this.id, chunk: ownBytes(chunk), last: this.#bodySent })
    return true
  }

  #post(message: CallMessage['message']): void {
    const { id, wires } = this.#caller
    wires.link.post({ type: 'call', id, app: this.#app, message })
    wires.link.flush()
  }
}
