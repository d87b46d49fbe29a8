// WebSockets that send now and then. Those of a killed process are replaced; every other loss is a fault.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Victims } from './python-victims.ts'

const BEAT_MS = 250
const OPEN_MS = 60_000
const ECHO_MS = 60_000
const PAUSE_MS = 100
const LAST = 'still there?'

/** A set of WebSockets to one app. The caller closes it. */
export class Sockets {
  /** The WebSockets that were closed together with their process. */
  lost = 0
  readonly #url: string
  readonly #victims: Victims | undefined
  readonly #open = new Set<WebSocket>()
  readonly #opening = new Set<Promise<void>>()
  readonly #faults: string[] = []
  readonly #beat: NodeJS.Timeout
  #isOver = false

  private constructor(url: string, victims: Victims | undefined) {
    this.#url = url
    this.#victims = victims
    this.#beat = setInterval(() => this.#open.forEach((socket) => socket.send('tick')), BEAT_MS)
  }

  /** Opens `count` WebSockets. With `victims`, the app is one whose first message is the number of its process. */
  static async open(url: string, count: number, victims?: Victims): Promise<Sockets> {
    const sockets = new Sockets(url, victims)
    await Promise.all(Array.from({ length: count }, () => sockets.#add()))
    return sockets
  }

  /** Ends the beat, and asks each WebSocket for an echo. Returns the faults of the whole time. */
  async check(): Promise<string[]> {
    clearInterval(this.#beat)
    while (this.#opening.size > 0) await Promise.all(this.#opening)
    await Promise.all([...this.#open].map(echoes)).catch((error: Error) => {
      this.#faults.push(`a WebSocket of ${this.#url} does not echo: ${error.message}`)
    })
    return this.#faults
  }

  close(): void {
    this.#isOver = true
    for (const socket of this.#open) socket.terminate()
  }

  /** Opens one WebSocket; again, if the process dies meanwhile. */
  async #add(): Promise<void> {
    const deadline = performance.now() + OPEN_MS
    for (;;) {
      const socket = new WebSocket(this.#url)
      try {
        return this.#follow(socket, await this.#opened(socket))
      } catch (error) {
        socket.terminate()
        // Before its first message nothing says which process it had.
        if (this.#victims && performance.now() < deadline) await sleep(PAUSE_MS)
        else return void this.#faults.push(`${this.#url} cannot be opened: ${String(error)}`)
      }
    }
  }

  /** The number of its process; undefined for an app without processes. */
  async #opened(socket: WebSocket): Promise<number | undefined> {
    const signal = AbortSignal.timeout(OPEN_MS)
    const closed = new AbortController()
    socket.once('close', () => closed.abort(new Error('it was closed')))
    const until = { signal: AbortSignal.any([signal, closed.signal]) }
    // The first message may come together with the handshake.
    const first = this.#victims && (once(socket, 'message', until) as Promise<[Buffer]>)
    first?.catch(() => undefined)
    await once(socket, 'open', until)
    return first && Number((await first)[0].toString())
  }

  #follow(socket: WebSocket, pid: number | undefined): void {
    this.#open.add(socket)
    socket.on('error', (error) => this.#faults.push(`a WebSocket failed: ${error.message}`))
    socket.on('close', (code) => this.#closed(socket, code, pid))
    if (pid !== undefined) this.#victims?.seen('asgi', pid)
    // It may have closed in the meantime.
    if (socket.readyState === WebSocket.CLOSED) this.#closed(socket, 1006, pid)
  }

  #closed(socket: WebSocket, code: number, pid: number | undefined): void {
    if (!this.#open.delete(socket) || this.#isOver) return
    if (pid === undefined || !this.#victims?.has(pid)) {
      this.#faults.push(`a WebSocket of ${this.#url} closed with ${code}, and its process lives`)
      return
    }
    this.lost += 1
    const opening = this.#add().finally(() => this.#opening.delete(opening))
    this.#opening.add(opening)
  }
}

async function echoes(socket: WebSocket): Promise<void> {
  const signal = AbortSignal.timeout(ECHO_MS)
  socket.send(LAST)
  for (;;) {
    const [message] = (await once(socket, 'message', { signal })) as [Buffer]
    if (message.toString() === LAST) return
  }
}
