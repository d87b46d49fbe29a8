// An app on the engine under test, and clients for it: `ws`, and raw bytes.

import { once } from 'node:events'
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { Dispatcher } from '../../../src/server/dispatcher.ts'
import { NativeEngine } from '../../../src/server/native/engine.ts'
import { NodeEngine } from '../../../src/server/node/engine.ts'
import { resolveOptions } from '../../../src/server/resolve-options.ts'
import { engine as underTest } from '../../engine.ts'
import { recordingLog } from '../fake-websocket-transport.ts'
import type { Socket } from 'node:net'
import type { ClientOptions } from 'ws'
import type { EventApp } from '../../../src/contract/events.ts'
import type { WebSocketOptions } from '../../../src/server/options.ts'

const DEADLINE_MS = 30_000
const ENGINES = { native: NativeEngine, node: NodeEngine }

/** A server for one app; the test closes it at its end. */
export interface Host extends AsyncDisposable {
  port: number
  lines: string[]
  /** Tells the apps, then closes the WebSockets that are left with 1001. */
  shutdown(): void
  open(options?: ClientOptions, subprotocols?: string[]): WebSocket
  raw(): Socket
}

export async function host(app: EventApp, websocket: WebSocketOptions = {}): Promise<Host> {
  const log = recordingLog()
  const settings = resolveOptions({ port: 0, websocket }, log)
  const dispatcher = new Dispatcher(app, {}, settings)
  const engine = new ENGINES[underTest](dispatcher, settings)
  const address = await engine.listen()
  if ('path' in address) throw new Error('listens on a path')
  const { port } = address
  const shutdown = (): void => {
    dispatcher.shutdown()
    engine.closeWebSockets()
  }
  return {
    port,
    lines: log.lines,
    shutdown,
    open: (options, subprotocols) => openClient(port, options, subprotocols),
    raw: () => openRaw(port),
    [Symbol.asyncDispose]: async () => {
      shutdown()
      const drained = engine.drain(0)
      engine.destroy()
      await drained
    },
  }
}

function openClient(
  port: number,
  options: ClientOptions = {},
  subprotocols: string[] = [],
): WebSocket {
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, subprotocols, {
    perMessageDeflate: false,
    ...options,
  })
  // The tests look for errors in the close that follows.
  client.on('error', () => undefined)
  return client
}

function openRaw(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  return socket
}

/** A valid handshake. Each of `fields` is added or replaces a field of the same name; undefined removes the field. */
export function handshake(
  fields: Record<string, string | undefined> = {},
  line = 'GET / HTTP/1.1',
): string {
  const all: Record<string, string | undefined> = {
    Host: 'a',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...fields,
  }
  const present = Object.entries(all).filter(([, value]) => value !== undefined)
  return `${line}\r\n${present.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** A masked frame, as clients must send it; the mask is zero. */
export function frame(opcode: number, payload: string | Uint8Array, fin = true): Buffer {
  const bytes = Buffer.from(payload)
  return Buffer.concat([
    Buffer.from([(fin ? 0x80 : 0) | opcode, 0x80 | bytes.length, 0, 0, 0, 0]),
    bytes,
  ])
}

/** The text that the socket sends up to `mark`, or up to its end. */
export function readUntil(socket: Socket, mark?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => reject(new Error(`the socket sent only ${text}`)), DEADLINE_MS)
    const finish = (): void => {
      clearTimeout(timer)
      resolve(text)
    }
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (mark !== undefined && text.includes(mark)) finish()
    })
    socket.once('end', finish)
    socket.once('close', finish)
  })
}

/** The next message of a `ws` client. */
export async function nextMessage(client: WebSocket): Promise<string> {
  const [data] = (await once(client, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) })) as [
    Buffer,
  ]
  return data.toString()
}

/** How a `ws` client saw the connection end. */
export async function closeOf(client: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(client, 'close', {
    signal: AbortSignal.timeout(DEADLINE_MS),
  })) as [number, Buffer]
  return [code, reason.toString()]
}

/** A value that an app hands over to the test that waits for it. */
export class Handover<Value> {
  readonly value: Promise<Value>
  resolve!: (value: Value) => void

  constructor() {
    this.value = new Promise((resolve, reject) => {
      this.resolve = resolve
      setTimeout(() => reject(new Error('the app handed nothing over')), DEADLINE_MS).unref()
    })
    this.value.catch(() => undefined)
  }
}
