// The body of a request on its way from the server to the host.

import { ClientDisconnectedError } from '../../errors.ts'
import { toErrorData } from '../protocol/error-data.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import type { ReceiveEvent } from '../../contract/events.ts'
import type { BodyMessage, ToHost } from '../protocol/messages.ts'

const NOTHING = new Uint8Array(0)

/** The request that a body belongs to. */
interface BodyOwner {
  readonly id: number
  post(message: ToHost): void
  /** Gives the request up. */
  cancel(error: Error): void
}

/** Reads the body as fast as the host asks for it. */
export class GatewayRequestBody {
  readonly #owner: BodyOwner
  readonly #receive: () => Promise<ReceiveEvent>
  readonly #mayFail: boolean
  #phase: 'idle' | 'reading' | 'ended' = 'idle'
  #wantedBytes = 0
  // Until the host has begun, the request may go to another host, which needs the same pieces.
  #sent: BodyMessage[] | undefined = []

  /** @param mayFail whether the host answers a body that breaks a limit; if not, the request is given up */
  constructor(owner: BodyOwner, receive: () => Promise<ReceiveEvent>, mayFail: boolean) {
    this.#owner = owner
    this.#receive = receive
    this.#mayFail = mayFail
  }

  /** Whether the host wants bytes that the client has not sent. */
  get isWaiting(): boolean {
    return this.#phase === 'reading'
  }

  /** The host may get `bytes` more. */
  feed(bytes: number): void {
    this.#wantedBytes += bytes
    if (this.#phase === 'idle') this.#read().catch(() => undefined)
  }

  /** The request has gone to another host, which gets all pieces again. */
  sendAgain(): void {
    for (const message of this.#sent ?? []) this.#owner.post(message)
  }

  /** The host has begun, so the request stays there. */
  hostHasBegun(): void {
    this.#sent = undefined
  }

  async #read(): Promise<void> {
    this.#phase = 'reading'
    try {
      while (this.#wantedBytes > 0) if (await this.#readPiece()) return this.#end()
    } catch (error) {
      this.#end()
      return this.#fail(error as Error)
    }
    this.#phase = 'idle'
  }

  #fail(error: Error): void {
    if (!this.#mayFail || error instanceof ClientDisconnectedError) return this.#owner.cancel(error)
    const data = toErrorData(error)
    this.#send({ type: 'body', id: this.#owner.id, chunk: NOTHING, last: true, error: data })
  }

  // Returns true for the last piece.
  async #readPiece(): Promise<boolean> {
    const event = await this.#receive()
    if (event.type !== 'http.request') throw new ClientDisconnectedError()
    const { body, moreBody } = event
    this.#wantedBytes -= body.length
    this.#send({ type: 'body', id: this.#owner.id, chunk: ownBytes(body), last: !moreBody })
    return !moreBody
  }

  #end(): void {
    this.#phase = 'ended'
  }

  #send(message: BodyMessage): void {
    this.#sent?.push(message)
    this.#owner.post(message)
  }
}
