// The form of messages in a MessagePort: one flat array. A structured clone of an object carries the names of its keys and
// takes three times as long, so the messages that every request has are written as cells.

import { pairsOf } from '../../http/headers.ts'
import { BODY_WINDOW_BYTES } from './flow-windows.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { Carried } from '../../bridge/request-context.ts'
import type {
  DoneMessage,
  FromHost,
  PartMessage,
  RequestMessage,
  ScopeData,
  ToHost,
} from './messages.ts'

/** The messages that cross together. Each cell is a value that can be cloned. */
export type Cells = unknown[]

const UNCHANGED = 0
const REQUEST = 1
const PART = 2
const DONE = 3

const NO_VALUES = Object.freeze({})
const PLAIN: Rare = [
  null,
  false,
  BODY_WINDOW_BYTES,
  null,
  undefined,
  undefined,
  NO_VALUES,
  null,
  null,
]

type Message = ToHost | FromHost

/** Writes `messages` into cells, after those that are there. */
export function toCells(messages: readonly Message[], cells: Cells = []): Cells {
  for (const message of messages) writeMessage(cells, message)
  return cells
}

/** Reads the messages that {@link toCells} wrote, in their order, from the cell number `first` on. */
export function fromCells<Read extends Message>(cells: Cells, first = 0): Read[] {
  const reader = new CellReader(cells, first)
  const messages: Read[] = []
  while (reader.hasMore) messages.push(readMessage(reader) as Read)
  return messages
}

class CellReader {
  readonly #cells: Cells
  #at: number

  constructor(cells: Cells, first: number) {
    this.#cells = cells
    this.#at = first
  }

  get hasMore(): boolean {
    return this.#at < this.#cells.length
  }

  // The reader asks for the types in the order of the writer.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  next<Value>(): Value {
    return this.#cells[this.#at++] as Value
  }

  headers(): HeaderPairs {
    const count = this.next<number>()
    const start = this.#at
    const isCount = Number.isInteger(count) && count >= 0
    if (!isCount || start + count * 2 > this.#cells.length) throw new Error('no count of headers')
    this.#at += count * 2
    return pairsOf(this.#cells.slice(start, this.#at) as string[])
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
      cells.push(UNCHANGED, message)
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

// The fields that few requests have are one cell together, which is null for most requests.
type Rare = readonly [
  environ: RequestMessage['environ'],
  hasBody: boolean,
  bodyWindow: number,
  nestedIn: number | null,
  requestId: string | undefined,
  traceparent: string | undefined,
  carried: Carried,
  added: ScopeData['added'],
  extensions: RequestMessage['extensions'],
]

function writeRequest(cells: Cells, message: RequestMessage): void {
  const { scope, context } = message
  const { client, server } = scope
  cells.push(REQUEST, message.id, rareOf(message), message.responseWindow, context.request.deadline)
  cells.push(scope.httpVersion, scope.method, scope.scheme, scope.path, scope.rawPath)
  cells.push(scope.queryString, scope.rootPath)
  // Four cells: two arrays would cost as much as all other cells.
  cells.push(client && client[0], client && client[1], server && server[0], server && server[1])
  writeHeaders(cells, scope.headers)
}

function rareOf(message: RequestMessage): Rare | null {
  const { environ, hasBody, bodyWindow, nestedIn, scope, context, extensions } = message
  const { requestId, traceparent } = context.request
  const isPlain =
    environ === null &&
    !hasBody &&
    bodyWindow === BODY_WINDOW_BYTES &&
    nestedIn === null &&
    requestId === undefined &&
    traceparent === undefined &&
    isEmpty(context.carried) &&
    scope.added === null &&
    extensions === null
  if (isPlain) return null
  return [
    environ,
    hasBody,
    bodyWindow,
    nestedIn,
    requestId,
    traceparent,
    context.carried,
    scope.added,
    extensions,
  ]
}

function isEmpty(record: Readonly<Record<string, unknown>>): boolean {
  for (const _key in record) return false
  return true
}

// The order of the properties is that of the cells.
function readRequest(cells: CellReader): RequestMessage {
  const id = cells.next<number>()
  const [
    environ,
    hasBody,
    bodyWindow,
    nestedIn,
    requestId,
    traceparent,
    carried,
    added,
    extensions,
  ] = cells.next<Rare | null>() ?? PLAIN
  return {
    type: 'request',
    id,
    environ,
    hasBody,
    bodyWindow,
    nestedIn,
    responseWindow: cells.next(),
    context: { request: { requestId, traceparent, deadline: cells.next() }, carried },
    scope: readScope(cells, added),
    extensions,
  }
}

function readScope(cells: CellReader, added: ScopeData['added']): ScopeData {
  return {
    httpVersion: cells.next(),
    method: cells.next(),
    scheme: cells.next(),
    path: cells.next(),
    rawPath: cells.next(),
    queryString: cells.next(),
    rootPath: cells.next(),
    client: readClient(cells),
    server: readServer(cells),
    added,
    headers: cells.headers(),
  }
}

function readClient(cells: CellReader): ScopeData['client'] {
  const host = cells.next<string | null>()
  const port = cells.next<number>()
  return host === null ? null : [host, port]
}

// The path of a unix socket has no port.
function readServer(cells: CellReader): ScopeData['server'] {
  const host = cells.next<string | null>()
  const port = cells.next<number | null>()
  return host === null ? null : [host, port]
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
