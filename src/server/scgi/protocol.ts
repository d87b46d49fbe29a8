// SCGI: a netstring with the variables, the body, and a response that ends with the connection.
// @see https://python.ca/scgi/protocol.txt

import { BadRequestError } from '../../errors.ts'
import { announcedLength } from '../cgi/content-length.ts'
import { Inbox } from '../cgi/inbox.ts'
import type {
  GatewayLimits,
  GatewayProtocol,
  CgiReader,
  OutputFraming,
  Step,
  Variables,
} from '../cgi/protocol.ts'

const COLON = 0x3a
const COMMA = 0x2c
// A longer length is above each limit.
const MOST_DIGITS = 9

/** The two halves of a connection. SCGI frames no output. */
export const scgi: GatewayProtocol = (limits) => ({ reader: new ScgiReader(limits), framing: BARE })

const NOTHING = new Uint8Array(0)
const BARE: OutputFraming = {
  before: () => NOTHING,
  after: () => NOTHING,
  broken: () => NOTHING,
}

/** Reads one request: a connection has no second one. */
class ScgiReader implements CgiReader {
  readonly keepsConnection = false
  readonly #limits: GatewayLimits
  readonly #inbox = new Inbox()
  #state: 'length' | 'variables' | 'body' | 'over' = 'length'
  /** The bytes of the netstring, or of the body, that are left. */
  #left = 0
  #isOpen = false

  constructor(limits: GatewayLimits) {
    this.#limits = limits
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get waiting(): number {
    return this.#inbox.waiting
  }

  push(bytes: Buffer): void {
    this.#isOpen = true
    this.#inbox.push(bytes)
  }

  settle(): void {
    this.#inbox.settle()
  }

  closeRequest(): void {
    this.#state = 'over'
  }

  next(): Step | null {
    switch (this.#state) {
      case 'length':
        return this.#readLength() ? this.next() : null
      case 'variables':
        return this.#readVariables()
      case 'body':
        return this.#readBody()
      case 'over':
        this.#inbox.take(this.#inbox.waiting)
        return null
    }
  }

  #readLength(): boolean {
    const inbox = this.#inbox
    const end = inbox.indexOf(COLON)
    const digits = Math.min(end < 0 ? inbox.waiting : end, MOST_DIGITS + 1)
    for (let index = 0; index < digits; index++) {
      if (!isDigit(inbox.octet(index))) throw noNetstring()
    }
    if (digits > MOST_DIGITS) throw this.#tooLong()
    if (end < 0) return false
    const text = inbox.take(end + 1).toString('latin1', 0, end)
    // A netstring has no leading zeros.
    if (text === '' || text.startsWith('0')) throw noNetstring()
    this.#left = Number(text)
    if (this.#left > this.#limits.maxHeadBytes) throw this.#tooLong()
    this.#state = 'variables'
    return true
  }

  #readVariables(): Step | null {
    const inbox = this.#inbox
    if (inbox.waiting < this.#left + 1) return null
    const text = inbox.take(this.#left + 1).toString('latin1')
    if (text.charCodeAt(this.#left) !== COMMA) throw noNetstring()
    const variables = variablesOf(text.slice(0, -1))
    this.#left = lengthOf(variables)
    this.#state = this.#left > 0 ? 'body' : 'over'
    return { type: 'request', variables, bodyLength: this.#left }
  }

  #readBody(): Step | null {
    if (this.#left === 0) {
      this.#state = 'over'
      return { type: 'body-end' }
    }
    const count = Math.min(this.#left, this.#inbox.waiting)
    if (count === 0) return null
    this.#left -= count
    return { type: 'body', bytes: this.#inbox.takeOwn(count) }
  }

  #tooLong(): BadRequestError {
    const { maxHeadBytes } = this.#limits
    return new BadRequestError(`the variables are longer than ${maxHeadBytes} bytes`, 431)
  }
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39
}

function noNetstring(): BadRequestError {
  return new BadRequestError('the request does not begin with a netstring of SCGI')
}

function variablesOf(text: string): Variables {
  const parts = text.split('\0')
  // The last pair ends with a NUL too.
  if (parts.pop() !== '' || parts.length % 2 > 0) throw noPairs()
  const variables: Array<[string, string]> = []
  for (let index = 0; index < parts.length; index += 2) {
    const name = parts[index] as string
    if (name === '') throw noPairs()
    variables.push([name, parts[index + 1] as string])
  }
  return variables
}

function noPairs(): BadRequestError {
  return new BadRequestError('the variables are no pairs of names and values')
}

function lengthOf(variables: Variables): number {
  const length = variables[0]?.[0] === 'CONTENT_LENGTH' ? announcedLength(variables) : null
  if (length === null) {
    throw new BadRequestError('the first variable is not CONTENT_LENGTH with a number of bytes')
  }
  if (!variables.some(([other, value]) => other === 'SCGI' && value === '1')) {
    throw new BadRequestError('the variable SCGI with the value 1 is missing')
  }
  return length
}
