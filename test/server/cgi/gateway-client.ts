// A web server in miniature: it passes a request on by SCGI or FastCGI, and reads the response.

import { RawClient } from '../../raw/raw-client.ts'
import type { HeaderPairs, ServerAddress } from 'isthmus'
import type { Ending } from '../../raw/raw-client.ts'

/** The name of a gateway protocol. */
export type GatewayName = 'scgi' | 'fastcgi'

/** A request of the client of the web server. */
export interface WebRequest {
  method?: string | undefined
  target?: string | undefined
  headers?: HeaderPairs | undefined
  /** A string has a CONTENT_LENGTH; an array has none over FastCGI, as if the web server did not wait for its end. */
  body?: string | string[] | undefined
  /** Further variables. They replace those of the request with the same name. */
  variables?: Record<string, string> | undefined
}

type Pairs = Array<[string, string]>

/** The variables of a request, those of header fields included. */
export function variablesOf(request: WebRequest, length: string): Pairs {
  const { method = 'GET', target = '/', headers = [], variables = {} } = request
  const own = new Map([
    ['CONTENT_LENGTH', length],
    ['SCGI', '1'],
    ['REQUEST_METHOD', method],
    ['REQUEST_URI', target],
    ['SERVER_PROTOCOL', 'HTTP/1.1'],
    ['REMOTE_ADDR', '192.0.2.7'],
    ['REMOTE_PORT', '4711'],
    ['SERVER_NAME', 'example.test'],
    ['SERVER_PORT', '80'],
    ['HTTP_HOST', 'example.test'],
    ...Object.entries(variables),
  ])
  const fields = headers.map(([name, value]): [string, string] => {
    const variable = name.toUpperCase().replaceAll('-', '_')
    return [variable.startsWith('CONTENT_') ? variable : `HTTP_${variable}`, value]
  })
  return [...own, ...fields]
}

/** The bytes of a request over SCGI. */
export function scgiBytes(variables: Pairs, body = ''): Buffer {
  const text = variables.map(([name, value]) => `${name}\0${value}\0`).join('')
  return Buffer.from(`${text.length}:${text},${body}`, 'latin1')
}

/** A record of FastCGI. */
export function record(
  type: number,
  id: number,
  content: Uint8Array | string,
  padding = 0,
): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content
  const { length } = bytes
  const header = [1, type, id >> 8, id & 0xff, length >> 8, length & 0xff, padding, 0]
  return Buffer.concat([Buffer.from(header), bytes, Buffer.alloc(padding, 0x5a)])
}

/** Name-value pairs of FastCGI. */
export function pairBytes(variables: Pairs): Buffer {
  const parts = variables.flatMap(([name, value]) => [
    lengthBytes(name.length),
    lengthBytes(value.length),
    Buffer.from(name + value, 'latin1'),
  ])
  return Buffer.concat(parts)
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE((length | 0x80_00_00_00) >>> 0)
  return bytes
}

/** A record that begins a request. */
export function beginRecord(
  id: number,
  { role = 1, keep = true }: { role?: number; keep?: boolean } = {},
): Buffer {
  return record(1, id, Buffer.from([role >> 8, role & 0xff, keep ? 1 : 0, 0, 0, 0, 0, 0]))
}

const MOST_CONTENT = 65_535

/** A stream of records, its end included. */
export function streamRecords(type: number, id: number, content: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < content.length; at += MOST_CONTENT) {
    parts.push(record(type, id, content.subarray(at, at + MOST_CONTENT), id % 7))
  }
  return Buffer.concat([...parts, record(type, id, '')])
}

/** The bytes of a request over FastCGI. */
export function fastcgiBytes(
  request: WebRequest,
  { id = 1, keep = true }: { id?: number; keep?: boolean } = {},
): Buffer {
  const { body = '' } = request
  const isSized = typeof body === 'string'
  const text = isSized ? body : body.join('')
  const variables = variablesOf(request, isSized ? String(text.length) : '')
  return Buffer.concat([
    beginRecord(id, { keep }),
    streamRecords(4, id, pairBytes(variables)),
    streamRecords(5, id, Buffer.from(text, 'latin1')),
  ])
}

/** The bytes of a request over `protocol`. */
export function requestBytes(protocol: GatewayName, request: WebRequest): Buffer {
  if (protocol === 'fastcgi') return fastcgiBytes(request)
  const { body = '' } = request
  const text = typeof body === 'string' ? body : body.join('')
  return scgiBytes(variablesOf(request, String(text.length)), text)
}

/** The head of a response. */
export interface GatewayHead {
  status: number
  headers: HeaderPairs
}

/** One connection to a gateway. The test that opens it also disposes it. */
export class GatewayClient implements Disposable {
  readonly raw: RawClient
  readonly #protocol: GatewayName
  #ahead = ''
  /** The status of the end record; null before it. */
  appStatus: number | null = null

  private constructor(raw: RawClient, protocol: GatewayName) {
    this.raw = raw
    this.#protocol = protocol
  }

  static async connect(protocol: GatewayName, address: ServerAddress): Promise<GatewayClient> {
    return new GatewayClient(await RawClient.connect(address), protocol)
  }

  send(request: WebRequest): void {
    this.raw.send(requestBytes(this.#protocol, request))
  }

  async head(): Promise<GatewayHead> {
    for (;;) {
      const end = this.#ahead.indexOf('\r\n\r\n')
      if (end >= 0) {
        const lines = this.#ahead.slice(0, end).split('\r\n')
        this.#ahead = this.#ahead.slice(end + 4)
        return headOf(lines)
      }
      const piece = await this.#piece()
      if (piece === null) throw new Error(`the response ended in its head: ${this.#ahead}`)
      this.#ahead += piece
    }
  }

  /** The next piece of the body; null at its end. Throws if the response is cut. */
  async read(): Promise<string | null> {
    const ahead = this.#ahead
    this.#ahead = ''
    return ahead === '' ? this.#piece() : ahead
  }

  /** The whole body; null if it was cut. */
  async body(): Promise<string | null> {
    let body = ''
    try {
      for (let piece = await this.read(); piece !== null; piece = await this.read()) body += piece
      return body
    } catch (error) {
      if (this.raw.open) throw error
      return null
    }
  }

  async response(): Promise<GatewayHead & { body: string | null }> {
    return { ...(await this.head()), body: await this.body() }
  }

  ended(): Promise<Ending> {
    return this.raw.ended()
  }

  [Symbol.dispose](): void {
    this.raw[Symbol.dispose]()
  }

  async #piece(): Promise<string | null> {
    return this.#protocol === 'scgi' ? this.#bytes() : this.#output()
  }

  async #bytes(): Promise<string | null> {
    try {
      return (await this.raw.bytes(1)) + (await this.raw.bytes(this.raw.received))
    } catch (error) {
      if (this.raw.open || (await this.raw.ended()) === 'reset') throw error
      return null
    }
  }

  async #output(): Promise<string | null> {
    for (;;) {
      const { type, content } = await this.record()
      if (type === 3) {
        this.appStatus = Buffer.from(content, 'latin1').readUInt32BE(0)
        return null
      }
      if (type === 6 && content !== '') return content
    }
  }

  /** The next record of FastCGI. */
  async record(): Promise<{ type: number; id: number; content: string }> {
    const header = Buffer.from(await this.raw.bytes(8), 'latin1')
    if (header[0] !== 1) {
      await this.raw.ended()
      throw new Error('the response is marked as broken')
    }
    const size = header.readUInt16BE(4)
    const content = await this.raw.bytes(size + header.readUInt8(6))
    return {
      type: header.readUInt8(1),
      id: header.readUInt16BE(2),
      content: content.slice(0, size),
    }
  }
}

function headOf([first = '', ...lines]: string[]): GatewayHead {
  const status = /^Status: (\d{3}) .*$/.exec(first)?.[1]
  if (status === undefined) throw new Error(`the response begins with ${JSON.stringify(first)}`)
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(': ')
    return [line.slice(0, at), line.slice(at + 2)]
  })
  return { status: Number(status), headers }
}
