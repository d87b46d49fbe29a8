// How messages travel over a MessagePort: as one flat array. A structured clone of an object carries the names of its
// keys, and takes three times as long; so those messages of which there are two or three for every request are cells.

import type { HeaderPairs } from '../../contract/events.ts'
import type {
  DoneMessage,
  FromHost,
  PartMessage,
  RequestMessage,
  ScopeData,
  ToHost,
} from './messages.ts'

/** What crosses at once. Cells are what a structured clone takes. */
export type Cells = unknown[]

const AS_IT_IS = 0
const REQUEST = 1
const PART = 2
const DONE = 3

type Message = ToHost | FromHost

/** Writes `messages` into cells. */
export function toCells(messages: readonly Message[]): Cells {
  const cells: Cells = []
  for (const message of messages) writeMessage(cells, message)
  return cells
}

/** Reads the messages that {@link toCells} wrote, in their order. */
export function fromCells<Read extends Message>(cells: Cells): Read[] {
  const reader = new CellReader(cells)
  const messages: Read[] = []
  while (reader.hasMore) messages.push(readMessage(reader) as Read)
  return messages
}

class CellReader {
  readonly #cells: Cells
  #at = 0

  constructor(cells: Cells) {
    this.#cells = cells
  }

  get hasMore(): boolean {
    return this.#at < this.#cells.length
  }

  // What stands where is what the writer has put there.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  next<Value>(): Value {
    return this.#cells[this.#at++] as Value
  }

  headers(): HeaderPairs {
    const count = this.next<number>()
    const headers: HeaderPairs = []
    for (let index = 0; index < count; index += 1) headers.push([this.next(), this.next()])
    return headers
  }
}

function writeMessage(cells: Cells, message: Message): void {
  switch (message.type) {
    case 'request':
      return writeRequest(cells, message)
    case 'part':
      return writePart(cells, message)
    case 'done':
      return void cells.push(DONE, message.id, message.tookMs)
    default:
      cells.push(AS_IT_IS, message)
  }
}

function readMessage(cells: CellReader): Message {
  switch (cells.next<number>()) {
    case REQUEST:
      return readRequest(cells)
    case PART:
      return readPart(cells)
    case DONE:
      return { type: 'done', id: cells.next(), tookMs: cells.next() } satisfies DoneMessage
    default:
      return cells.next()
  }
}

function writeRequest(cells: Cells, message: RequestMessage): void {
  const { scope, context } = message
  cells.push(REQUEST, message.id, message.environ, message.hasBody)
  cells.push(message.bodyWindow, message.responseWindow, message.nestedIn)
  const { requestId, traceparent, deadline } = context.request
  cells.push(requestId, traceparent, deadline, context.carried)
  cells.push(scope.httpVersion, scope.method, scope.scheme, scope.path, scope.rawPath)
  cells.push(scope.queryString, scope.rootPath, scope.client, scope.server, scope.added)
  writeHeaders(cells, scope.headers)
}

// The order of the properties is that of the cells.
function readRequest(cells: CellReader): RequestMessage {
  return {
    type: 'request',
    id: cells.next(),
    environ: cells.next(),
    hasBody: cells.next(),
    bodyWindow: cells.next(),
    responseWindow: cells.next(),
    nestedIn: cells.next(),
    context: {
      request: { requestId: cells.next(), traceparent: cells.next(), deadline: cells.next() },
      carried: cells.next(),
    },
    scope: readScope(cells),
  }
}

function readScope(cells: CellReader): ScopeData {
  return {
    httpVersion: cells.next(),
    method: cells.next(),
    scheme: cells.next(),
    path: cells.next(),
    rawPath: cells.next(),
    queryString: cells.next(),
    rootPath: cells.next(),
    client: cells.next(),
    server: cells.next(),
    added: cells.next(),
    headers: cells.headers(),
  }
}

function writePart(cells: Cells, { id, head, chunk, end }: PartMessage): void {
  cells.push(PART, id, chunk, end, head && head.status)
  if (head) writeHeaders(cells, head.headers)
}

function readPart(cells: CellReader): PartMessage {
  const part: PartMessage = {
    type: 'part',
    id: cells.next(),
    chunk: cells.next(),
    end: cells.next(),
    head: null,
  }
  const status = cells.next<number | null>()
  if (status !== null) part.head = { status, headers: cells.headers() }
  return part
}

function writeHeaders(cells: Cells, headers: HeaderPairs): void {
  cells.push(headers.length)
  for (const [name, value] of headers) cells.push(name, value)
}
