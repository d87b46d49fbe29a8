// A WebSocket of a test. Each wait has a deadline.

import { once } from 'node:events'
import { WebSocket } from 'ws'
import { soon } from '../raw/served.ts'
import type { IncomingMessage } from 'node:http'

/** The answer to a handshake that is refused. */
export interface Denial {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

/** One open WebSocket. The test that opens it also disposes it. */
export class Talk implements Disposable {
  readonly #socket: WebSocket
  readonly #messages: string[] = []
  readonly #closed: Promise<{ code: number; reason: string }>
  #wake: () => void = () => undefined

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => {
      this.#messages.push((data as Buffer).toString())
      this.#wake()
    })
    this.#closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
    socket.on('error', () => undefined)
  }

  static async open(
    url: string,
    options: { protocols?: string[]; headers?: Record<string, string> } = {},
  ): Promise<Talk> {
    const socket = connect(url, options)
    // Messages may come with the answer to the handshake.
    const talk = new Talk(socket)
    await soon(once(socket, 'open'), 'the handshake')
    return talk
  }

  /** The answer to a handshake that the server refuses. */
  static async denied(url: string, headers: Record<string, string> = {}): Promise<Denial> {
    const socket = connect(url, { headers })
    socket.on('error', () => undefined)
    const [, response] = (await soon(once(socket, 'unexpected-response'), 'a denial')) as [
      unknown,
      IncomingMessage,
    ]
    let body = ''
    response.setEncoding('utf8').on('data', (text: string) => void (body += text))
    await soon(once(response, 'end'), 'the end of a denial')
    socket.terminate()
    return { status: response.statusCode ?? 0, headers: response.headers, body }
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  send(text: string | Uint8Array): void {
    this.#socket.send(text)
  }

  /** The next message. */
  async message(): Promise<string> {
    const arrived = (async () => {
      while (this.#messages.length === 0)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    })()
    await soon(arrived, 'a message')
    return this.#messages.shift() as string
  }

  /** Stops reading; resume() begins again. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason)
  }

  /** Leaves without a close frame. */
  vanish(): void {
    this.#socket.terminate()
  }

  closed(): Promise<{ code: number; reason: string }> {
    return soon(this.#closed, 'the close')
  }

  [Symbol.dispose](): void {
    this.#socket.terminate()
  }
}

function connect(
  url: string,
  options: { protocols?: string[]; headers?: Record<string, string> },
): WebSocket {
  const address = url.replace(/^http/, 'ws')
  return new WebSocket(address, options.protocols ?? [], { headers: options.headers ?? {} })
}
