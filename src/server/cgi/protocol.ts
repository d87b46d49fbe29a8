// The seam between a gateway protocol and its connections: a reader takes bytes and returns steps, a framing wraps the output.

/** The variables of a request in latin-1, in the order of the wire. Those of header fields may occur several times. */
export type Variables = ReadonlyArray<readonly [name: string, value: string]>

/** A request whose variables are complete. */
export interface RequestStep {
  type: 'request'
  variables: Variables
  /** The bytes of the body that follow; null if only its end tells their number. */
  bodyLength: number | null
}

/**
 * A part of the input. `abort`: the web server does not want the response any more. `reply`: bytes for the web server that
 * belong to no response; with `isLast`, the connection ends after them.
 */
export type Step =
  | RequestStep
  | { type: 'body'; bytes: Uint8Array }
  | { type: 'body-end' }
  | { type: 'abort' }
  | { type: 'reply'; bytes: Uint8Array; isLast: boolean }

/** The parser of one connection, without I/O. */
export interface CgiReader {
  /** The number of bytes that have arrived and were not taken. */
  readonly waiting: number
  /** A request is open, so that an answer has a place. */
  readonly isOpen: boolean
  /** The web server keeps the connection after the open request. */
  readonly keepsConnection: boolean
  push(bytes: Buffer): void
  /**
   * The next step, or null while more bytes are needed.
   *
   * @throws {@link BadRequestError} with the status that the bytes deserve
   */
  next(): Step | null
  /** Keeps the bytes that were not taken in this turn. */
  settle(): void
  /** The response is over: the further bytes of its request mean nothing. */
  closeRequest(): void
}

/** The form of the output. */
export interface OutputFraming {
  /** The bytes in front of `size` bytes of a response, at most 65,535. */
  before(size: number): Uint8Array
  /** The bytes after the last one of a response. `isWhole` is false for a response that the web server has aborted. */
  after(isWhole: boolean): Uint8Array
  /** The bytes that keep the web server from taking a response for whole that is cut here. */
  broken(): Uint8Array
}

/** The limits of a request head. */
export interface GatewayLimits {
  /** The most bytes of all variables. */
  maxHeadBytes: number
  maxConcurrency: number
}

/** A protocol: makes the two halves of one connection. */
export type GatewayProtocol = (limits: GatewayLimits) => {
  reader: CgiReader
  framing: OutputFraming
}
