// The child processes of a primary, with a relay for each of their clients.

import { randomUUID } from 'node:crypto'
import { Relay } from '../link/relay.ts'
import { isLetter, opened, withBytes } from './letter.ts'
import { IpcOutbox } from './outbox.ts'
import type { ChildProcess } from 'node:child_process'
import type { LinkBounds, ToClient } from '../link/messages.ts'
import type { LocalChannels } from '../local-channels.ts'
import type { FromChild, FromPrimary, Letter } from './letter.ts'

/** The parts of a child process that channels need. */
export type AttachedChild = Pick<ChildProcess, 'connected' | 'pid' | 'send' | 'on' | 'off'>

interface Session {
  readonly number: number
  readonly relay: Relay
  readonly outbox: IpcOutbox<FromPrimary>
}

/** Serves the clients of child processes. A child that is gone is detached by itself. */
export class Children {
  readonly #channels: LocalChannels
  readonly #name: string
  readonly #bounds: LinkBounds
  readonly #primary = randomUUID()
  readonly #children = new Map<AttachedChild, Child>()

  constructor(channels: LocalChannels, name: string, bounds: LinkBounds) {
    this.#channels = channels
    this.#name = name
    this.#bounds = bounds
  }

  /** Serves the clients of a child process from now on, those that are open already included. */
  attach(process: AttachedChild): void {
    if (this.#children.has(process)) return
    const child = new Child(process, this)
    this.#children.set(process, child)
    child.open()
  }

  /** Tells all clients that the primary is closed, and detaches them. */
  close(): void {
    for (const child of this.#children.values()) child.close()
  }

  // --- the calls of its children ---

  get name(): string {
    return this.#name
  }

  get primary(): string {
    return this.#primary
  }

  detached(process: AttachedChild): void {
    this.#children.delete(process)
  }

  makeRelay(process: AttachedChild, outbox: IpcOutbox<FromPrimary>): Relay {
    const { pid } = process
    const channels = this.#channels
    const port = { post: (message: ToClient) => outbox.post(message) }
    return new Relay(channels, port, this.#bounds, {
      onSlow: () => channels.onWarning({ pid }, SLOW),
      onCaughtUp: (lost) => channels.onWarning({ pid, lost }, CAUGHT_UP),
    })
  }

  warn(fields: Record<string, unknown>, message: string): void {
    this.#channels.onWarning(fields, message)
  }
}

const SLOW = 'a child process does not take its messages of channels; they are dropped for it'
const CAUGHT_UP =
  'a child process takes its messages of channels again; groups with a history read the lost ones, the others get a gap'
const FOREIGN =
  'a child process has another version of isthmus whose channels this one does not understand; install one version for both'

/** One child process. It may have several clients, of several copies of the package too. */
class Child {
  readonly #process: AttachedChild
  readonly #children: Children
  readonly #notes: IpcOutbox<FromPrimary>
  readonly #sessions = new Map<string, Session>()
  readonly #onMessage = this.#take.bind(this)
  readonly #onDisconnect = this.#detach.bind(this)
  #hasForeignVersion = false

  constructor(process: AttachedChild, children: Children) {
    this.#process = process
    this.#children = children
    this.#notes = new IpcOutbox(process, { name: children.name, client: null, session: 0 })
  }

  open(): void {
    this.#process.on('message', this.#onMessage)
    this.#process.on('disconnect', this.#onDisconnect)
    // Node tells no disconnect of a process that ends while connections wait for it.
    this.#process.on('close', this.#onDisconnect)
    this.#notes.post({ type: 'here', primary: this.#children.primary })
  }

  close(): void {
    this.#notes.post({ type: 'bye', primary: this.#children.primary })
    this.#detach()
  }

  #detach(): void {
    this.#process.off('message', this.#onMessage)
    this.#process.off('disconnect', this.#onDisconnect)
    this.#process.off('close', this.#onDisconnect)
    for (const client of this.#sessions.keys()) this.#end(client)
    this.#children.detached(this.#process)
  }

  #take(message: unknown): void {
    if (!isLetter(message)) return
    const letter = opened<FromChild>(message)
    if (!letter) this.#warnOfVersion()
    else if (letter.name === this.#children.name) this.#open(letter)
  }

  #open({ client, session, batch }: Letter<FromChild>): void {
    if (client === null) return
    for (const message of batch) {
      if (message.type === 'hello') this.#begin(client, session)
      else if (this.#sessions.get(client)?.number !== session) return
      else if (message.type === 'leave') this.#end(client)
      else this.#sessions.get(client)?.relay.take(withBytes(message))
    }
  }

  #begin(client: string, number: number): void {
    this.#end(client)
    const { name, primary } = this.#children
    const outbox = new IpcOutbox<FromPrimary>(this.#process, {
      name,
      client,
      session: number,
    })
    const relay = this.#children.makeRelay(this.#process, outbox)
    this.#sessions.set(client, { number, relay, outbox })
    outbox.post({ type: 'welcome', primary })
  }

  #end(client: string): void {
    this.#sessions.get(client)?.relay.close()
    this.#sessions.delete(client)
  }

  #warnOfVersion(): void {
    if (this.#hasForeignVersion) return
    this.#hasForeignVersion = true
    this.#children.warn({ pid: this.#process.pid }, FOREIGN)
  }
}
