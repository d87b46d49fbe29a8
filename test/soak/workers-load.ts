// Constant load on a server of workers: keep-alive requests, uploads, streams of events and WebSockets. Each failure is kept
// with the process that served the connection.

import { Agent, request } from 'node:https'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

const UPLOAD_CHUNK = Buffer.alloc(16 * 1024)
const UPLOAD_CHUNKS = 8
const CHUNK_MS = 30
const DEADLINE_MS = 30_000

/** A request or a long connection that ended in a way that the rules do not allow. */
export interface Fault {
  readonly kind: 'request' | 'upload' | 'events' | 'websocket'
  readonly reason: string
  /** The process that served the connection before, if it is known. */
  readonly pid: number | null
  readonly beganAt: number
  readonly endedAt: number
}

/** Counts of one load. */
export interface Counts {
  requests: number
  uploads: number
  streams: number
  sockets: number
}

/** The load. The caller stops it. */
export class WorkersLoad {
  readonly counts: Counts = { requests: 0, uploads: 0, streams: 0, sockets: 0 }
  readonly faults: Fault[] = []
  readonly #url: URL
  readonly #running: Array<Promise<void>> = []
  /** The process that serves each connection. */
  readonly #pids = new WeakMap<object, number>()
  #isOver = false

  constructor(url: string) {
    this.#url = new URL(url)
  }

  begin({
    clients,
    uploads,
    streams,
    sockets,
  }: Record<'clients' | 'uploads' | 'streams' | 'sockets', number>): void {
    this.#repeat(clients, () => this.#requests())
    this.#repeat(uploads, () => this.#uploads())
    this.#repeat(streams, () => this.#streams())
    this.#repeat(sockets, () => this.#sockets())
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
  }

  #repeat(count: number, work: () => Promise<void>): void {
    for (let number = 0; number < count; number += 1) this.#running.push(work())
  }

  async #requests(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
    while (!this.#isOver) {
      await this.#exchange('request', agent, [])
      this.counts.requests += 1
      await sleep(25)
    }
    agent.destroy()
  }

  async #uploads(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
    const chunks = Array.from({ length: UPLOAD_CHUNKS }, () => UPLOAD_CHUNK)
    while (!this.#isOver) {
      await this.#exchange('upload', agent, chunks)
      this.counts.uploads += 1
    }
    agent.destroy()
  }

  /** One request with a body that comes slowly. */
  async #exchange(
    kind: 'request' | 'upload',
    agent: Agent,
    chunks: readonly Buffer[],
  ): Promise<void> {
    const beganAt = Date.now()
    let socket: TLSSocket | undefined
    try {
      const asked = request(this.#url, { agent, method: chunks.length > 0 ? 'POST' : 'GET' })
      asked.on('socket', (found) => (socket = found as TLSSocket))
      asked.setTimeout(DEADLINE_MS, () => asked.destroy(new Error('no answer')))
      const answered = once(asked, 'response') as Promise<[IncomingMessage]>
      answered.catch(() => undefined)
      for (const chunk of chunks) {
        asked.write(chunk)
        await sleep(CHUNK_MS)
      }
      asked.end()
      const [response] = await answered
      const text = await textOf(response)
      const [pid, bytes] = text.split(' ').map(Number)
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
      if (bytes !== chunks.length * UPLOAD_CHUNK.length) throw new Error(`got "${text}"`)
      if (socket && pid !== undefined) this.#pids.set(socket, pid)
    } catch (error) {
      this.#fault(kind, error, { socket, beganAt })
    }
  }

  async #streams(): Promise<void> {
    while (!this.#isOver) await this.#stream()
  }

  /** A stream ends with "bye" when its worker drains. */
  async #stream(): Promise<void> {
    const beganAt = Date.now()
    let pid: number | null = null
    let last = ''
    try {
      const asked = request(new URL('/events', this.#url), {
        agent: false,
        rejectUnauthorized: false,
      }).end()
      asked.setTimeout(DEADLINE_MS, () => asked.destroy(new Error('no answer')))
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      this.counts.streams += 1
      for await (const chunk of response.setEncoding('utf8')) {
        last = String(chunk)
        pid ??= Number(/\d+/.exec(last)?.[0] ?? 0)
        if (this.#isOver) return
      }
      if (!last.includes('bye')) throw new Error('the stream ended without its last event')
    } catch (error) {
      this.#fault('events', error, { pid, beganAt })
    }
  }

  async #sockets(): Promise<void> {
    while (!this.#isOver) await this.#socket()
  }

  /** A WebSocket is closed with 1001 when its worker drains. */
  async #socket(): Promise<void> {
    const beganAt = Date.now()
    let pid: number | null = null
    const socket = new WebSocket(this.#url.href.replace('https', 'wss'), {
      rejectUnauthorized: false,
    })
    let reason = 'closed'
    socket.on('error', (error) => (reason = error.message))
    socket.on('message', (data) => (pid ??= Number((data as Buffer).toString())))
    const closed = new Promise<number>((resolve) => socket.on('close', resolve))
    socket.on('open', () => (this.counts.sockets += 1))
    const timer = setInterval(() => {
      if (socket.readyState === WebSocket.OPEN) socket.send('x')
      if (this.#isOver) socket.terminate()
    }, 100)
    const code = await closed
    clearInterval(timer)
    if (this.#isOver || code === 1001 || code === 1012) return
    // A handshake that a draining worker denies is answered, so the client knows.
    if (reason.includes('503')) return sleep(100)
    this.#fault('websocket', new Error(`${reason} ${code}`), { pid, beganAt })
  }

  #fault(
    kind: Fault['kind'],
    error: unknown,
    { socket, pid, beganAt }: { socket?: object | undefined; pid?: number | null; beganAt: number },
  ): void {
    const known = pid ?? (socket ? this.#pids.get(socket) : undefined) ?? null
    const { code, message } = error as NodeJS.ErrnoException
    const reason = `${code ?? ''} ${message}`.trim()
    this.faults.push({ kind, reason, pid: known, beganAt, endedAt: Date.now() })
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
  return text
}
