// The groups whose messages go to the client of one WebSocket at once, past the app.

import { joinedText } from '../channel-text.ts'
import { TAKEN } from '../waiting/taken.ts'
import type {
  ChannelEvent,
  Channels,
  Joined,
  Position,
  Subscription,
} from '../contract/channels.ts'
import type { JoiningSocket, SocketBounds } from './joining-socket.ts'

// A `send` that a middleware has wrapped returns a promise of its own for each message, also if the client keeps up. So this
// many characters may be under way before messages have to wait.
const WINDOW = 64 * 1024
const MESSAGE_OVERHEAD = 64

/** A group whose join the client does not know yet. */
interface Untold {
  /** The newest position that has gone to the client. */
  newest: Position | null
  joined: Joined | null
}

/** Sends the events of groups as JSON text. Its owner closes it. */
export class SocketForwarding {
  readonly bounds: SocketBounds
  readonly #socket: JoiningSocket
  readonly #subscription: Subscription
  #underWay = 0
  #isPaused = false
  #isWatched = false
  // A map only while a join is under way: most sockets are idle.
  #untold: Map<string, Untold> | undefined

  constructor(channels: Channels, bounds: SocketBounds, socket: JoiningSocket) {
    this.bounds = bounds
    this.#socket = socket
    this.#subscription = channels.subscribe({ ...bounds, onEvent: (event) => this.#take(event) })
  }

  async join(group: string, since: Position | null): Promise<Joined> {
    const untold: Untold = { newest: null, joined: null }
    this.#untold ??= new Map()
    this.#untold.set(group, untold)
    try {
      untold.joined = await this.#subscription.join(group, { since })
    } catch (error) {
      this.#forget(group, untold)
      throw error
    }
    if (!this.#isPaused) this.#tell(group, untold)
    return untold.joined
  }

  leave(group: string): void {
    this.#untold?.delete(group)
    this.#subscription.leave(group)
  }

  close(): void {
    this.#subscription.close()
  }

  #take(event: ChannelEvent): void {
    const untold = this.#untold?.get(event.group)
    if (untold && event.position) untold.newest = event.position
    this.#write(event.text)
  }

  #write(text: string): void {
    const sent = this.#socket.send({ type: 'websocket.send', text })
    if (sent !== TAKEN) this.#wait(sent, text.length + MESSAGE_OVERHEAD)
  }

  #wait(sent: Promise<void>, weight: number): void {
    this.#underWay += weight
    // A send that is refused is over too. If the socket is at its end, the subscription is closed.
    const settle = (): void => this.#settled(weight)
    sent.then(settle, settle)
    if (this.#isPaused || this.#underWay < WINDOW) return
    this.#isPaused = true
    this.#subscription.pause()
    if (this.#isWatched) return
    this.#isWatched = true
    this.#subscription.receive().catch(() => this.#socket.onSlow())
  }

  #settled(weight: number): void {
    this.#underWay -= weight
    if (!this.#isPaused || this.#underWay >= WINDOW / 2) return
    this.#isPaused = false
    this.#subscription.resume()
    // The messages of a recovery may still wait: the client hears of the join after them.
    if (this.#untold && !this.#isPaused) this.#tellAll(this.#untold)
  }

  #tellAll(untold: Map<string, Untold>): void {
    for (const [group, one] of untold) if (one.joined) this.#tell(group, one)
  }

  // A live message may have come between the end of the recovery and this call: the client must not go back before it.
  #tell(group: string, untold: Untold): void {
    if (!untold.joined || this.#untold?.get(group) !== untold) return
    this.#forget(group, untold)
    const { recovered, position } = untold.joined
    this.#write(joinedText(group, { recovered, position: untold.newest ?? position }))
  }

  #forget(group: string, untold: Untold): void {
    if (this.#untold?.get(group) === untold) this.#untold.delete(group)
    if (this.#untold?.size === 0) this.#untold = undefined
  }
}
