// The way of a child process to the channels of its parent process.

import { randomUUID } from 'node:crypto'
import { isLetter, opened, withBytes } from './letter.ts'
import { IpcOutbox } from './outbox.ts'
import type { BrokerEvents } from '../broker.ts'
import type { LinkBroker } from '../link/link-broker.ts'
import type { LinkPort, ToRelay } from '../link/messages.ts'
import type { FromChild, FromPrimary } from './letter.ts'
import type { IpcEnd } from './outbox.ts'

const WARNING_AFTER_MS = 1000

/** The parent in the eyes of a child: `process` itself. */
export interface ParentEnd extends IpcEnd {
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
  off(event: 'message' | 'disconnect', listener: (message: unknown) => void): unknown
}

/** Begins a session as soon as the parent has channels of this name, and another one each time they are made again. */
export class ParentPort implements LinkPort<ToRelay> {
  readonly #parent: ParentEnd
  readonly #name: string
  readonly #events: BrokerEvents
  readonly #client = randomUUID()
  readonly #outbox: IpcOutbox<FromChild>
  readonly #onMessage = this.#take.bind(this)
  readonly #onDisconnect = this.#parentGone.bind(this)
  #link: LinkBroker | undefined
  #timer: NodeJS.Timeout | undefined
  #session = 0
  #primary: string | null = null
  #isAway = false
  #hasForeignVersion = false

  constructor(parent: ParentEnd, name: string, events: BrokerEvents) {
    this.#parent = parent
    this.#name = name
    this.#events = events
    this.#outbox = new IpcOutbox(parent, this.#address())
  }

  /** Begins to look for the parent, for `link`. */
  open(link: LinkBroker): void {
    this.#link = link
    if (!this.#parent.connected) return this.#parentGone()
    this.#parent.on('message', this.#onMessage)
    this.#parent.on('disconnect', this.#onDisconnect)
    this.#timer = setTimeout(() => this.#warnOfSilence(), WARNING_AFTER_MS).unref()
    this.#beginSession()
  }

  post(message: ToRelay): void {
    this.#outbox.post(message)
  }

  close(): void {
    this.#outbox.post({ type: 'leave' })
    this.#removeListeners()
  }

  #address(): { name: string; client: string; session: number } {
    return { name: this.#name, client: this.#client, session: this.#session }
  }

  #beginSession(): void {
    this.#session += 1
    this.#outbox.readdress(this.#address())
    this.#outbox.post({ type: 'hello' })
  }

  #take(message: unknown): void {
    if (!isLetter(message)) return
    const letter = opened<FromPrimary>(message)
    if (!letter) return this.#warnOfVersion()
    const { name, client, session, batch } = letter
    if (name !== this.#name) return
    if (client === null) for (const note of batch) this.#takeNote(note)
    else if (client === this.#client && session === this.#session) {
      for (const next of batch) this.#takeAnswer(next)
    }
  }

  #takeNote(note: FromPrimary): void {
    if (note.type === 'here' && note.primary !== this.#primary) this.#beginSession()
    if (note.type === 'bye' && note.primary === this.#primary) this.#primaryGone()
  }

  #takeAnswer(message: FromPrimary): void {
    if (message.type === 'here' || message.type === 'bye') return
    if (message.type !== 'welcome') return this.#link?.take(withBytes(message))
    this.#primary = message.primary
    clearTimeout(this.#timer)
    if (this.#isAway) this.#events.onWarning({}, 'the channels of the parent process are back')
    this.#isAway = false
    this.#link?.connected()
  }

  #primaryGone(): void {
    this.#primary = null
    this.#isAway = true
    this.#link?.disconnected()
    this.#events.onWarning(
      {},
      'the channels of the parent process are closed; messages wait until it opens them again',
    )
  }

  #parentGone(): void {
    this.#removeListeners()
    this.#link?.abandoned()
    this.#events.onWarning(
      {},
      'the channels of this process reach no other one: the connection to its parent process is closed',
    )
  }

  #removeListeners(): void {
    clearTimeout(this.#timer)
    this.#parent.off('message', this.#onMessage)
    this.#parent.off('disconnect', this.#onDisconnect)
  }

  #warnOfSilence(): void {
    this.#isAway = true
    this.#events.onWarning(
      { name: this.#name },
      'the parent process has no channels, and messages wait: call cluster() there too, and attach() for a process of ' +
        'fork(); if this process is the primary itself, use cluster({ role: "primary" })',
    )
  }

  #warnOfVersion(): void {
    if (this.#hasForeignVersion) return
    this.#hasForeignVersion = true
    this.#events.onWarning(
      {},
      'the parent process has another version of isthmus whose channels this one does not understand; install one version for both',
    )
  }
}
