// A client that speaks single frames of HTTP/2, good and bad ones. Every wait has a deadline.

import { connect } from 'node:net'
import { once } from 'node:events'
import { settlesWithin } from '../../../src/waiting/settles-within.ts'
import type { Socket } from 'node:net'
import type { ServerAddress } from 'isthmus'

/** The types of frames (RFC 9113, 6). */
export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

/** The flags of frames. */
export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4 } as const

/** One frame that has arrived. */
export interface Frame {
  type: number
  flags: number
  stream: number
  payload: Buffer
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const HEAD_BYTES = 9

/** The bytes of a frame. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = NOTHING,
): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(stream, 5)
  bytes.set(payload, HEAD_BYTES)
  return bytes
}

const NOTHING = Buffer.alloc(0)

/** A field block without compression (RFC 7541, 6.2.2). */
export function fieldBlock(fields: ReadonlyArray<readonly [name: string, value: string]>): Buffer {
  const parts = fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)])
  return Buffer.concat(parts)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([length(bytes.length), bytes])
}

// RFC 7541, 5.1, with a prefix of seven bits.
function length(value: number): Buffer {
  if (value < 127) return Buffer.from([value])
  const octets = [127]
  let rest = value - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) + 128)
  return Buffer.from([...octets, rest])
}

/** The pseudo-fields of a GET. */
export const GET: ReadonlyArray<readonly [string, string]> = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'example.test'],
  [':path', '/'],
]

/** One connection. The test that opens it also disposes it. */
export class FrameClient implements Disposable {
  readonly socket: Socket
  /** The frames that have arrived so far. */
  readonly frames: Frame[] = []
  isEnded = false
  #rest: Buffer = NOTHING
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => this.#take(chunk)).on('error', () => undefined)
    socket.on('close', () => {
      this.isEnded = true
      this.#wake()
    })
    socket.on('end', () => {
      this.isEnded = true
      this.#wake()
    })
  }

  /** Connects, and sends the preface with empty SETTINGS. */
  static async open(address: ServerAddress, settings: Uint8Array = NOTHING): Promise<FrameClient> {
    const client = await FrameClient.connect(address)
    client.socket.write(PREFACE)
    client.send(frame(TYPE.SETTINGS, 0, 0, settings))
    return client
  }

  /** Connects, and sends nothing. */
  static async connect(address: ServerAddress): Promise<FrameClient> {
    const socket = connect(address).setNoDelay()
    await once(socket, 'connect', { signal: AbortSignal.timeout(30_000) })
    return new FrameClient(socket)
  }

  send(...frames: Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** Sends the head of a request, which ends the stream. */
  get(stream: number, fields: ReadonlyArray<readonly [string, string]> = GET): void {
    this.send(this.head(stream, fields))
  }

  head(
    stream: number,
    fields: ReadonlyArray<readonly [string, string]> = GET,
    flags: number = FLAG.END_HEADERS | FLAG.END_STREAM,
  ): Buffer {
    return frame(TYPE.HEADERS, flags, stream, fieldBlock(fields))
  }

  /** The first frame that `wanted` accepts, now or later. */
  async frame(wanted: (frame: Frame) => boolean, what = 'a frame'): Promise<Frame> {
    const arrived = this.#until(() => this.isEnded || this.frames.some(wanted))
    await settlesWithin(arrived, 8_000)
    const found = this.frames.find(wanted)
    if (found) return found
    const seen = this.frames
      .map(({ type, flags, stream }) => `${type}/${flags}/${stream}`)
      .join(' ')
    throw new Error(
      `${what} did not come; the connection is ${this.isEnded ? 'ended' : 'open'}: ${seen}`,
    )
  }

  /** The error code of the reset of `stream`. */
  async reset(stream: number): Promise<number> {
    const isReset = (seen: Frame): boolean =>
      seen.type === TYPE.RST_STREAM && seen.stream === stream
    const { payload } = await this.frame(isReset, `the reset of stream ${stream}`)
    return payload.readUInt32BE(0)
  }

  /** The error code of the GOAWAY. */
  async goaway(): Promise<number> {
    const { payload } = await this.frame((seen) => seen.type === TYPE.GOAWAY, 'GOAWAY')
    return payload.readUInt32BE(4)
  }

  /** Resolves when the server has ended the connection. */
  async ended(): Promise<void> {
    if (
      !(await settlesWithin(
        this.#until(() => this.isEnded),
        8_000,
      ))
    )
      throw new Error('the connection did not end')
  }

  /** The frames of `stream` that have arrived so far. */
  of(stream: number): Frame[] {
    return this.frames.filter((seen) => seen.stream === stream)
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.#rest.readUIntBE(0, 3)
      if (this.#rest.length < end) break
      const [type, flags] = [this.#rest[3] as number, this.#rest[4] as number]
      const stream = this.#rest.readUInt32BE(5)
      this.frames.push({ type, flags, stream, payload: this.#rest.subarray(HEAD_BYTES, end) })
      this.#rest = this.#rest.subarray(end)
    }
    this.#wake()
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
