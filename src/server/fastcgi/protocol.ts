// FastCGI in the role of a responder: the steps in the records of a connection. A connection has one request at a time.

import { BadRequestError } from '../../errors.ts'
import { announcedLength } from '../cgi/content-length.ts'
import { Inbox } from '../cgi/inbox.ts'
import {
  END_STATUS,
  endRecord,
  HEADER_BYTES,
  readPairs,
  record,
  recordHeader,
  shortPairs,
  TYPE,
} from './records.ts'
import type {
  GatewayLimits,
  GatewayProtocol,
  CgiReader,
  OutputFraming,
  Step,
  Variables,
} from '../cgi/protocol.ts'

const RESPONDER = 1
const KEEP_CONNECTION = 1
const NOTHING = Buffer.alloc(0)

/** The two halves of a connection. */
export const fastcgi: GatewayProtocol = (limits) => {
  const reader = new FastCgiReader(limits)
  return { reader, framing: framingFor(reader) }
}

function framingFor(reader: FastCgiReader): OutputFraming {
  return {
    before: (size) => (size === 0 ? NOTHING : recordHeader(TYPE.stdout, reader.id, size)),
    after: (isWhole) =>
      Buffer.concat([
        recordHeader(TYPE.stdout, reader.id, 0),
        endRecord(reader.id, END_STATUS.complete, isWhole ? 0 : 1),
      ]),
    // Without fastcgi_keep_conn, nginx takes the end of a connection for the end of the response, and it never looks at the
    // status of an end record. No version of the protocol has the number 0.
    broken: () => Buffer.alloc(HEADER_BYTES),
  }
}

/**
 * The part of a request that is expected. `unsized`: its first input tells whether it has a body. `whole`: its input is
 * complete.
 */
type Phase = 'params' | 'unsized' | 'body' | 'whole'

/** A request that has begun. */
interface Opened {
  id: number
  phase: Phase
  keepsConnection: boolean
  params: Buffer[]
  paramsBytes: number
  variables: Variables
  /** The bytes of the body that are left; Infinity if its length is unknown. */
  left: number
}

/** A record without its padding. */
interface Arrived {
  type: number
  id: number
  content: Buffer
}

class FastCgiReader implements CgiReader {
  readonly #limits: GatewayLimits
  readonly #inbox = new Inbox()
  #opened: Opened | null = null
  #id = 0
  /** The step after the last one, if one record makes two. */
  #following: Step | null = null

  constructor(limits: GatewayLimits) {
    this.#limits = limits
  }

  get waiting(): number {
    return this.#inbox.waiting
  }

  get isOpen(): boolean {
    return this.#opened !== null
  }

  get keepsConnection(): boolean {
    return this.#opened?.keepsConnection ?? true
  }

  /** The number of the last request. The rest of a response may leave after the request is closed. */
  get id(): number {
    return this.#id
  }

  push(bytes: Buffer): void {
    this.#inbox.push(bytes)
  }

  settle(): void {
    this.#inbox.settle()
  }

  closeRequest(): void {
    this.#opened = null
    this.#following = null
  }

  next(): Step | null {
    const following = this.#following
    this.#following = null
    if (following) return following
    for (;;) {
      const arrived = this.#readRecord()
      if (arrived === null) return null
      const step = this.#take(arrived)
      if (step) return step
    }
  }

  #readRecord(): Arrived | null {
    const inbox = this.#inbox
    if (inbox.waiting < HEADER_BYTES) return null
    if (inbox.octet(0) !== 1) throw new BadRequestError('a record has no version 1 of FastCGI')
    const size = inbox.octet(4) * 256 + inbox.octet(5)
    const padding = inbox.octet(6)
    if (inbox.waiting < HEADER_BYTES + size + padding) return null
    const header = inbox.take(HEADER_BYTES)
    const arrived = { type: header.readUInt8(1), id: header.readUInt16BE(2) }
    const content = inbox.takeOwn(size)
    inbox.take(padding)
    return { ...arrived, content }
  }

  #take(arrived: Arrived): Step | null {
    const { type, id } = arrived
    if (id === 0) return this.#manage(arrived)
    if (type === TYPE.begin) return this.#begin(arrived)
    const opened = this.#opened
    // The specification tells to ignore the records of a request that is over.
    if (opened?.id !== id) return null
    switch (type) {
      case TYPE.abort:
        return { type: 'abort' }
      case TYPE.params:
        return this.#addParams(opened, arrived.content)
      case TYPE.stdin:
        return this.#addInput(opened, arrived.content)
      default:
        return null
    }
  }

  #manage({ type, content }: Arrived): Step {
    if (type !== TYPE.getValues) {
      const told = Buffer.alloc(8)
      told[0] = type
      return reply(record(TYPE.unknown, 0, told))
    }
    const { maxConcurrency } = this.#limits
    const known = new Map([['FCGI_MPXS_CONNS', '0']])
    if (maxConcurrency < Infinity) {
      known.set('FCGI_MAX_CONNS', String(maxConcurrency))
      known.set('FCGI_MAX_REQS', String(maxConcurrency))
    }
    const asked = new Set(readPairs(content).map(([name]) => name))
    const pairs = [...known].filter(([name]) => asked.has(name))
    return reply(record(TYPE.getValuesResult, 0, shortPairs(pairs)))
  }

  #begin({ id, content }: Arrived): Step | null {
    if (content.length !== 8) throw new BadRequestError('the record that begins a request is short')
    if (this.#opened?.id === id) throw new BadRequestError(`request ${id} begins twice`)
    if (this.#opened) return reply(endRecord(id, END_STATUS.noMultiplexing))
    const keepsConnection = (content.readUInt8(2) & KEEP_CONNECTION) > 0
    if (content.readUInt16BE(0) !== RESPONDER) {
      return reply(endRecord(id, END_STATUS.unknownRole), !keepsConnection)
    }
    const rest = { params: [], paramsBytes: 0, variables: [], left: 0 }
    this.#id = id
    this.#opened = { id, phase: 'params', keepsConnection, ...rest }
    return null
  }

  #addParams(opened: Opened, content: Buffer): Step | null {
    if (opened.phase !== 'params') throw new BadRequestError('parameters follow their end')
    if (content.length === 0) return this.#endParams(opened)
    opened.params.push(content)
    opened.paramsBytes += content.length
    const { maxHeadBytes } = this.#limits
    if (opened.paramsBytes <= maxHeadBytes) return null
    throw new BadRequestError(`the parameters are longer than ${maxHeadBytes} bytes`, 431)
  }

  #endParams(opened: Opened): Step | null {
    opened.variables = readPairs(Buffer.concat(opened.params))
    opened.params = []
    // nginx sends an empty length for a body whose length it does not know.
    const length = announcedLength(opened.variables)
    if (length === null) {
      opened.phase = 'unsized'
      return null
    }
    return this.#request(opened, length)
  }

  #request(opened: Opened, bodyLength: number | null): Step {
    const { variables } = opened
    opened.phase = 'body'
    opened.left = bodyLength ?? Infinity
    return { type: 'request', variables, bodyLength }
  }

  #addInput(opened: Opened, content: Buffer): Step | null {
    switch (opened.phase) {
      case 'params':
        throw new BadRequestError('input comes before the end of the parameters')
      case 'unsized':
        return this.#firstInput(opened, content)
      case 'body':
        return content.length > 0 ? addBody(opened, content) : endBody(opened)
      case 'whole':
        throw new BadRequestError('input follows its end')
    }
  }

  #firstInput(opened: Opened, content: Buffer): Step {
    if (content.length > 0) {
      this.#following = { type: 'body', bytes: content }
      return this.#request(opened, null)
    }
    const step = this.#request(opened, 0)
    opened.phase = 'whole'
    return step
  }
}

function addBody(opened: Opened, bytes: Buffer): Step {
  opened.left -= bytes.length
  if (opened.left < 0) throw new BadRequestError('the input is longer than CONTENT_LENGTH')
  return { type: 'body', bytes }
}

// Section 6.2: an input that is shorter than announced is that of a client that has left.
function endBody(opened: Opened): Step {
  opened.phase = 'whole'
  return { type: opened.left === 0 || opened.left === Infinity ? 'body-end' : 'abort' }
}

function reply(bytes: Uint8Array, isLast = false): Step {
  return { type: 'reply', bytes, isLast }
}
