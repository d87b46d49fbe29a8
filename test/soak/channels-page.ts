// A page of the soak of channels: a WebSocket that is cut and comes back, and knows its position on the board.

import { WebSocket } from 'ws'

interface BoardText {
  message?: { n: number; at: number }
  gap?: string
  lost?: number | null
  joined?: boolean
  epoch?: string
  offset?: number
}

/** The counts of all pages. */
export interface PageCounts {
  delivered: number
  recovered: number
  cuts: number
  /** Connections that the server has closed since their client was slow. */
  slow: number
  gaps: Record<string, number>
  lost: number
  /** Gaps without a number. */
  uncounted: number
  faults: string[]
  /** From the publication to the receipt, in ms, of messages that were not recovered. */
  latencies: number[]
}

const SLOW_CLOSE = 1013

/** Checks that each message comes once and in order, or is in a gap with its number. */
export class Page {
  readonly #counts: PageCounts
  readonly #numberAt: Map<number, number>
  #socket: WebSocket | undefined
  #position: { epoch: string; offset: number } | null = null
  #isLive = false
  #joined: (() => void) | undefined

  /** @param numberAt the number of the message at each offset, for all pages */
  constructor(counts: PageCounts, numberAt: Map<number, number>) {
    this.#counts = counts
    this.#numberAt = numberAt
  }

  get offset(): number {
    return this.#position?.offset ?? 0
  }

  get isLive(): boolean {
    return this.#isLive
  }

  /** Connects, and resolves when the live messages come, or when the connection has failed, which is a fault. */
  open(server: string): Promise<void> {
    const query = this.#position ? `?since=${encodeURIComponent(this.#text())}` : ''
    const socket = new WebSocket(`${server.replace('http', 'ws')}/live${query}`)
    this.#socket = socket
    socket.on('message', (data: Buffer) =>
      this.#take(socket, JSON.parse(data.toString()) as BoardText),
    )
    socket.on('close', (code) => this.#closed(socket, code, server))
    socket.on('error', (error) => {
      if (socket === this.#socket) this.#counts.faults.push(`a connection failed: ${error.message}`)
    })
    return new Promise((resolve) => {
      this.#joined = resolve
    })
  }

  /** Ends the connection without a close frame. */
  cut(): void {
    this.#counts.cuts += 1
    this.#drop()
  }

  close(): void {
    this.#drop()
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#isLive = false
    socket?.terminate()
  }

  #text(): string {
    const { epoch, offset } = this.#position as { epoch: string; offset: number }
    return `board=${epoch}.${offset}`
  }

  #closed(socket: WebSocket, code: number, server: string): void {
    if (socket !== this.#socket) return
    this.#drop()
    const waiting = this.#joined
    if (code !== SLOW_CLOSE) {
      this.#counts.faults.push(`the server closed a connection with ${code}`)
      waiting?.()
      return
    }
    this.#counts.slow += 1
    this.open(server)
      .then(waiting)
      .catch(() => undefined)
  }

  #take(socket: WebSocket, text: BoardText): void {
    if (socket !== this.#socket) return
    if (text.message) this.#message(text.message, text)
    else if (text.gap !== undefined) this.#gap(text.gap, text)
    else if (text.joined) this.#join(text)
  }

  #join({ epoch, offset }: BoardText): void {
    this.#isLive = true
    this.#joined?.()
    if (epoch === undefined || offset === undefined) return
    if (this.#position && offset !== this.#position.offset) {
      this.#counts.faults.push(`joined at ${offset} with messages up to ${this.#position.offset}`)
    }
    this.#position = { epoch, offset }
  }

  #gap(reason: string, { lost, offset, epoch }: BoardText): void {
    const { gaps } = this.#counts
    gaps[reason] = (gaps[reason] ?? 0) + 1
    if (typeof lost !== 'number') {
      this.#counts.uncounted += 1
      this.#position = null
      return
    }
    this.#counts.lost += lost
    if (!this.#position || reason === 'publisher') return
    const next = this.#position.offset + lost
    if (offset !== undefined && offset !== next) {
      this.#counts.faults.push(`a gap of ${lost} after ${this.#position.offset} ends at ${offset}`)
    }
    this.#position = { epoch: epoch ?? this.#position.epoch, offset: next }
  }

  #message({ n, at }: { n: number; at: number }, { epoch, offset }: BoardText): void {
    if (epoch === undefined || offset === undefined) throw new Error('a message without a position')
    if (this.#isLive) this.#counts.latencies.push(performance.timeOrigin + performance.now() - at)
    else this.#counts.recovered += 1
    this.#counts.delivered += 1
    if (this.#position && offset !== this.#position.offset + 1) {
      this.#counts.faults.push(`message ${offset} after message ${this.#position.offset}`)
    }
    this.#position = { epoch, offset }
    const known = this.#numberAt.get(offset)
    if (known === undefined) this.#numberAt.set(offset, n)
    else if (known !== n) this.#counts.faults.push(`two messages with the offset ${offset}`)
  }
}
