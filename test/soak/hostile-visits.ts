// The visits of hostile clients: each is a connection that may leave in any phase. A whole answer has to be the right one.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { RawClient } from '../raw/raw-client.ts'
import { answerTo } from './hostile-answer.js'
import type { ServerAddress } from 'isthmus'

const DEADLINE_MS = 25_000
const STYLES = ['inline', 'threads', 'deadly', 'iterable', 'event'] as const
// The statuses of a request that ends its thread. Its late error may also come after the answer.
const DEEDS = {
  throw: [500],
  exit: [500],
  loop: [504],
  // On a busy machine the time is over before the heap is full.
  heap: [500, 504],
  reject: [200],
  post: [200],
} as const

/** A source of random numbers from 0 to 1 with a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A request with the answer that belongs to it. */
interface Question {
  bytes: Buffer
  /** The place in `bytes` at which the head ends. */
  headEnd: number
  answer: string
  statuses: readonly number[]
}

/** Visits a server again and again. */
export class Visitor {
  readonly counts: Record<string, number> = {}
  readonly faults: string[] = []
  readonly #url: URL
  readonly #random: () => number
  #questions = 0

  constructor(url: string, random: () => number) {
    this.#url = new URL(url)
    this.#random = random
  }

  /** One visit of a random kind. Never rejects: a fault is in {@link faults}. */
  async visit(): Promise<void> {
    const [name, visit] = this.#pick(VISITS)
    this.counts[name] = (this.counts[name] ?? 0) + 1
    try {
      await visit(this)
    } catch (error) {
      this.faults.push(`${name}: ${String(error).slice(0, 300)}`)
    }
  }

  async whole(): Promise<void> {
    using client = await this.connect()
    for (let count = this.#upTo(4); count >= 0; count -= 1) {
      const question = this.ask()
      await this.sendInPieces(client, question.bytes)
      await this.check(client, question)
    }
  }

  async pipelined(): Promise<void> {
    using client = await this.connect()
    const questions = Array.from({ length: 2 + this.#upTo(6) }, () => this.ask())
    client.send(Buffer.concat(questions.map(({ bytes }) => bytes)))
    const answered = this.#upTo(questions.length + 1)
    for (const question of questions.slice(0, answered)) await this.check(client, question)
    this.leave(client)
  }

  async leavesInHead(): Promise<void> {
    using client = await this.connect()
    const { bytes, headEnd } = this.ask()
    client.send(bytes.subarray(0, this.#upTo(headEnd)))
    await delay(this.#upTo(20))
    this.leave(client)
  }

  async leavesInBody(): Promise<void> {
    using client = await this.connect()
    const { bytes, headEnd } = this.ask('POST')
    client.send(bytes.subarray(0, headEnd + this.#upTo(bytes.length - headEnd)))
    await delay(this.#upTo(60))
    this.leave(client)
  }

  async leavesWhileItWaits(): Promise<void> {
    using client = await this.connect()
    client.send(this.ask().bytes)
    await delay(this.#upTo(120))
    this.leave(client)
  }

  async leavesInResponse(): Promise<void> {
    using client = await this.connect()
    client.send(this.ask('GET', 100_000 + this.#upTo(2_000_000)).bytes)
    await client.head()
    if (this.#random() < 0.5) client.socket.pause()
    await delay(this.#upTo(60))
    this.leave(client)
  }

  async leavesWhenIdle(): Promise<void> {
    using client = await this.connect()
    const question = this.ask()
    client.send(question.bytes)
    await this.check(client, question)
    await delay(this.#upTo(50))
    this.leave(client)
  }

  async halfCloses(): Promise<void> {
    using client = await this.connect()
    const question = this.ask('GET', 500, 0)
    client.send(question.bytes)
    client.socket.end()
    await client.ended()
  }

  async crashes(): Promise<void> {
    using client = await this.connect()
    // A loop costs the pool seconds, so it is rare.
    const deeds = Object.keys(DEEDS).filter((deed) => deed !== 'loop')
    const deed = this.#random() < 0.05 ? 'loop' : this.#pick(deeds)
    const question = this.ask('GET', 100, 0, deed)
    client.send(question.bytes)
    if (this.#random() < 0.3) return this.leave(client)
    await this.check(client, question)
  }

  async talks(): Promise<void> {
    const socket = new WebSocket(`${this.#url.href.replace('http', 'ws')}live`)
    socket.on('error', () => undefined)
    try {
      await once(socket, 'open', { signal: AbortSignal.timeout(DEADLINE_MS) })
      for (let count = this.#upTo(5); count >= 0; count -= 1) {
        const text = randomBytes(1 + this.#upTo(2_000)).toString('hex')
        const signal = AbortSignal.timeout(DEADLINE_MS)
        const echo = once(socket, 'message', { signal }) as Promise<[Buffer]>
        socket.send(text)
        const [message] = await echo
        if (message.toString() !== text) throw new Error('a WebSocket got a wrong message')
      }
      if (this.#random() < 0.5) socket.close()
      socket.send('one more', () => undefined)
    } finally {
      socket.terminate()
    }
  }

  connect(): Promise<RawClient> {
    const address = { host: this.#url.hostname, port: Number(this.#url.port) } as ServerAddress
    return RawClient.connect(address, DEADLINE_MS)
  }

  ask(
    method: string = this.#pick(['GET', 'POST']),
    size: number = this.#size(),
    sleep?: number,
    deed?: string,
  ): Question {
    const style = deed === undefined ? this.#pick(STYLES) : 'deadly'
    const token = `${(this.#questions += 1)}-${this.#upTo(1e9)}`
    const body = method === 'POST' ? randomBytes(this.#size()) : Buffer.alloc(0)
    const query = new URLSearchParams({ token, size: String(size) })
    // Blocking code on the event loop would delay all others.
    const sleepMs = sleep ?? (style === 'inline' ? 0 : this.#upTo(60))
    if (sleepMs > 0) query.set('sleep', String(sleepMs))
    if (this.#random() < 0.5) query.set('pieces', '')
    if (deed !== undefined) query.set('deed', deed)
    const line = `${method} /${style}/x?${query.toString()} HTTP/1.1\r\nHost: x\r\n`
    const head = method === 'POST' ? `${line}Content-Length: ${body.length}\r\n\r\n` : `${line}\r\n`
    return {
      bytes: Buffer.concat([Buffer.from(head), body]),
      headEnd: head.length,
      answer: answerTo(token, body, size),
      statuses: deed === undefined ? [200] : DEEDS[deed as keyof typeof DEEDS],
    }
  }

  /** Sends `bytes` in up to five pieces. */
  async sendInPieces(client: RawClient, bytes: Buffer): Promise<void> {
    let rest = bytes
    for (let count = this.#upTo(5); count > 0 && rest.length > 1; count -= 1) {
      const size = 1 + this.#upTo(rest.length - 1)
      await client.sendApart(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
    client.send(rest)
  }

  async check(client: RawClient, { bytes, answer, statuses }: Question): Promise<void> {
    const { status, body } = await client.response()
    if (!statuses.includes(status))
      throw new Error(
        `status ${status}, not ${statuses.join()}, for ${bytes.toString('latin1').split('\r\n', 1)[0]}`,
      )
    if (status === 200 && body !== answer) throw new Error('a wrong answer')
  }

  /** Leaves with FIN or with RST. */
  leave(client: RawClient): void {
    if (this.#random() < 0.5) client.reset()
    else client.socket.destroy()
  }

  #size(): number {
    return this.#random() < 0.8 ? this.#upTo(2_000) : this.#upTo(300_000)
  }

  /** A whole number from 0 to `most`, without `most`. */
  #upTo(most: number): number {
    return Math.floor(this.#random() * most)
  }

  #pick<Value>(values: readonly Value[]): Value {
    return values[this.#upTo(values.length)] as Value
  }
}

const VISITS = Object.entries({
  'whole answers on one connection': (visitor: Visitor) => visitor.whole(),
  'pipelined, left somewhere': (visitor: Visitor) => visitor.pipelined(),
  'left in the head': (visitor: Visitor) => visitor.leavesInHead(),
  'left in the body': (visitor: Visitor) => visitor.leavesInBody(),
  'left while it waited or ran': (visitor: Visitor) => visitor.leavesWhileItWaits(),
  'left in the response': (visitor: Visitor) => visitor.leavesInResponse(),
  'left when idle': (visitor: Visitor) => visitor.leavesWhenIdle(),
  'half-closed': (visitor: Visitor) => visitor.halfCloses(),
  'ended its thread': (visitor: Visitor) => visitor.crashes(),
  WebSocket: (visitor: Visitor) => visitor.talks(),
})
