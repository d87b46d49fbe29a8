// Thousands of WebSockets that count their messages. They are bare sockets, so that the load costs little.

import { once, setMaxListeners } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** Open WebSockets; the caller closes them. */
export interface RawSockets {
  /** Resolves when the sockets have received `count` messages since they were opened. */
  received(count: number): Promise<void>
  close(): void
}

/** The address of a server, and the message by which a client of its protocol begins. */
export interface Entrance {
  url: string
  greeting: string | undefined
}

/** For all sockets together. */
const OPEN_MS = 60_000
const RECEIVE_MS = 60_000
const BATCH = 100
const TEXT = 0x81
const PING = 0x89
const PONG = 0x8a
const MASKED = 0x80
/** Shorter messages belong to the protocol of the server, and are not counted. */
const MIN_BYTES = 32

/**
 * Opens `count` WebSockets.
 *
 * @throws Error if they are not open after a minute, or one of them is refused; then all of them are closed
 */
export async function openRawSockets(entrance: Entrance, count: number): Promise<RawSockets> {
  const tally = new Tally()
  const sockets: Socket[] = []
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const signal = AbortSignal.timeout(OPEN_MS)
  // One listener for each socket of a batch.
  setMaxListeners(BATCH, signal)
  let opened = 0
  try {
    while (opened < count) {
      const size = Math.min(BATCH, count - opened)
      const batch = Array.from({ length: size }, () => start(entrance))
      sockets.push(...batch)
      await Promise.all(batch.map((socket) => begin(socket, entrance, { tally, signal })))
      opened += size
    }
  } catch (error) {
    close()
    const reason = signal.aborted ? `after ${OPEN_MS / 1000} s` : (error as Error).message
    throw new Error(`${opened} of ${count} WebSockets opened: ${reason}`, { cause: error })
  }
  return { received: (wanted) => tally.reached(wanted), close }
}

class Tally {
  #count = 0
  #wanted = Infinity
  #resolve: (() => void) | undefined

  add(): void {
    this.#count += 1
    if (this.#count >= this.#wanted) this.#resolve?.()
  }

  reached(wanted: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`only ${this.#count} of ${wanted} messages came`)),
        RECEIVE_MS,
      )
      this.#wanted = wanted
      this.#resolve = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#count >= wanted) this.#resolve()
    })
  }
}

function start({ url }: Entrance): Socket {
  const { hostname, port, host, pathname, search } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  return socket.on('error', () => undefined)
}

/** Waits for the answer to the handshake. */
async function begin(
  socket: Socket,
  { greeting }: Entrance,
  { tally, signal }: { tally: Tally; signal: AbortSignal },
): Promise<void> {
  const [answer] = (await once(socket, 'data', { signal })) as [Buffer]
  const end = answer.indexOf('\r\n\r\n')
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101') || end < 0) {
    throw new Error('the server did not accept a WebSocket')
  }
  if (greeting !== undefined) socket.write(maskedFrame(TEXT, Buffer.from(greeting)))
  const reader = new Reader(socket, tally)
  reader.push(answer.subarray(end + 4))
  socket.on('data', (chunk: Buffer) => reader.push(chunk))
}

/** Counts the messages of one socket, and answers its pings. */
class Reader {
  readonly #socket: Socket
  readonly #tally: Tally
  #rest: Buffer = Buffer.alloc(0)

  constructor(socket: Socket, tally: Tally) {
    this.#socket = socket
    this.#tally = tally
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    for (;;) {
      const frame = firstFrame(bytes)
      if (frame === undefined) break
      if (bytes[0] === TEXT && frame.payload.length >= MIN_BYTES) this.#tally.add()
      if (bytes[0] === PING) this.#socket.write(maskedFrame(PONG, frame.payload))
      bytes = bytes.subarray(frame.end)
    }
    this.#rest = bytes.length > 0 ? Buffer.from(bytes) : bytes.subarray(0, 0)
  }
}

// Unmasked, and below 64 KiB.
function firstFrame(bytes: Buffer): { payload: Buffer; end: number } | undefined {
  if (bytes.length < 4 && bytes.length < 2 + (bytes[1] ?? 2)) return undefined
  const isShort = (bytes[1] as number) < 126
  const start = isShort ? 2 : 4
  const end = start + (isShort ? (bytes[1] as number) : bytes.readUInt16BE(2))
  return end <= bytes.length ? { payload: bytes.subarray(start, end), end } : undefined
}

// At most 125 bytes, with a mask of zeros.
function maskedFrame(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([opcode, MASKED | payload.length, 0, 0, 0, 0]), payload])
}
