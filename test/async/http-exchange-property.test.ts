import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HttpExchange } from '../../src/async/http-exchange.ts'
import {
  ContentLengthMismatchError,
  IllegalEventError,
  InvalidHeaderError,
} from '../../src/errors.ts'
import { getAllHeaders, getHeader } from '../../src/http/headers.ts'
import type { Command, ResponsePart } from '../../src/async/http-exchange.ts'
import type { RequestFacts } from '../../src/async/framing.ts'
import type { HeaderPairs, SendEvent } from '../../src/contract/events.ts'

type Step = { send: SendEvent } | { file: Uint8Array[] }

const facts: fc.Arbitrary<RequestFacts> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'HEAD'),
  httpVersion: fc.constantFrom('1.0', '1.1'),
  keepAlive: fc.boolean(),
  acceptsTrailers: fc.boolean(),
})

const header: fc.Arbitrary<[string, string]> = fc.oneof(
  fc.tuple(fc.constantFrom('X-A', 'set-cookie', 'bad name', 'server'), fc.constantFrom('1', 'a\n')),
  fc.tuple(fc.constant('Content-Length'), fc.constantFrom('0', '1', '2', '4', '6', '-1')),
  fc.constantFrom<[string, string]>(
    ['content-type', 'text/event-stream'],
    ['transfer-encoding', 'chunked'],
    ['connection', 'close'],
  ),
)
const headers = fc.array(header, { maxLength: 3 })
const flag = fc.option(fc.boolean(), { nil: undefined })
const body = fc.oneof(
  fc.constantFrom('', 'a', 'ab', '€'),
  fc.uint8Array({ maxLength: 3 }),
  fc.constant(undefined),
)

const event: fc.Arbitrary<unknown> = fc.oneof(
  fc.record({
    type: fc.constant('http.response.start'),
    status: fc.constantFrom(200, 200, 200, 204, 304, 404, 100, 1000),
    headers,
    trailers: flag,
  }),
  fc.record({ type: fc.constant('http.response.body'), body, moreBody: flag }),
  fc.record({ type: fc.constant('http.response.body'), body, moreBody: flag }),
  fc.record({ type: fc.constant('http.response.trailers'), headers, moreTrailers: flag }),
  fc.record({ type: fc.constant('http.response.early_hint'), links: fc.constant(['</a>']) }),
  fc.record({ type: fc.constant('http.response.pathsend'), path: fc.constantFrom('/a', 'a') }),
  fc.constantFrom<unknown>({ type: 'websocket.accept' }, {}, null, undefined, 'start'),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ send: event as fc.Arbitrary<SendEvent> }) },
  { weight: 1, arbitrary: fc.record({ file: fc.array(fc.uint8Array({ maxLength: 2 })) }) },
)

// Mostly with a legal start, because a sequence ends early after an illegal one.
const begin: fc.Arbitrary<SendEvent> = fc.record({
  type: fc.constant('http.response.start' as const),
  status: fc.constantFrom(200, 200, 200, 204, 304),
  headers: fc.subarray<[string, string]>([
    ['content-length', '3'],
    ['content-type', 'text/event-stream'],
  ]),
  trailers: fc.boolean(),
})
const steps: fc.Arbitrary<Step[]> = fc
  .tuple(fc.option(begin, { freq: 5 }), fc.array(step, { maxLength: 12 }))
  .map(([begin, rest]) => (begin === null ? rest : [{ send: begin }, ...rest]))

/** The app's events, and an engine that sends its files: parts out, and the bytes that were accepted. */
class Model {
  readonly exchange: HttpExchange
  readonly parts: ResponsePart[] = []
  readonly accepted: Uint8Array[] = []
  hintsBehindHead = 0
  #hasFile = false

  constructor(request: RequestFacts) {
    this.exchange = new HttpExchange(request, { server: 'isthmus', date: () => 'now' })
  }

  take(step: Step): void {
    try {
      if ('send' in step) this.#send(step.send)
      else this.#sendFile(step.file)
    } catch (error) {
      const known = [IllegalEventError, ContentLengthMismatchError, InvalidHeaderError]
      if (!known.some((Known) => error instanceof Known)) throw error
    }
  }

  #send(event: SendEvent): void {
    const command = this.exchange.accept(event)
    if (event.type === 'http.response.body') this.accepted.push(Buffer.from(event.body ?? ''))
    this.#hasFile ||= command.type === 'pathsend'
    this.#carryOut(command)
  }

  #sendFile(file: Uint8Array[]): void {
    if (!this.#hasFile) return
    this.#hasFile = false
    this.exchange.fileOpened(Buffer.concat(file).length)
    for (const chunk of [...file, null]) {
      this.#carryOut(this.exchange.fileChunk(chunk))
      this.accepted.push(chunk ?? Buffer.alloc(0))
      if (this.exchange.ended) return
    }
  }

  #carryOut(command: Command): void {
    if (command.type === 'write') this.parts.push(command.part)
    if (command.type === 'early-hint' && this.parts.length > 0) this.hintsBehindHead += 1
  }
}

function bytesOf(parts: ResponsePart[]): Buffer {
  return Buffer.concat(parts.map(({ chunk }) => Buffer.from(chunk ?? '')))
}

function expectWellFormed(model: Model, request: RequestFacts): void {
  const { exchange, parts } = model
  expect(parts.filter(({ head }) => head !== null).length).toBe(parts.length === 0 ? 0 : 1)
  expect(parts.findIndex(({ head }) => head !== null)).toBeLessThanOrEqual(0)
  expect(parts.slice(0, -1).some(({ end }) => end)).toBe(false)
  expect(parts.slice(0, -1).some(({ trailers }) => trailers !== null)).toBe(false)
  expect(parts.at(-1)?.end ?? false).toBe(exchange.ended)
  expect(exchange.complete && !exchange.ended).toBe(false)
  expect(exchange.headSent && parts.length === 0).toBe(false)
  expect(model.hintsBehindHead).toBe(0)

  const head = parts[0]?.head
  if (head) expectDelimited(model, head, request)
}

function expectDelimited(
  { parts, accepted, exchange }: Model,
  head: { status: number; headers: HeaderPairs },
  request: RequestFacts,
): void {
  const bodyless = request.method === 'HEAD' || head.status === 204 || head.status === 304
  const sent = bytesOf(parts)
  expect(sent).toEqual(bodyless ? Buffer.alloc(0) : Buffer.concat(accepted))

  const lengths = getAllHeaders(head.headers, 'content-length')
  const chunked = getHeader(head.headers, 'transfer-encoding')
  expect(lengths.length).toBeLessThanOrEqual(chunked === undefined ? 1 : 0)
  expect(chunked).toBe(
    chunked === undefined || request.httpVersion !== '1.1' ? undefined : 'chunked',
  )
  if (bodyless) return expect(chunked).toBeUndefined()

  if (lengths.length === 1) expect(sent.length).toBeLessThanOrEqual(Number(lengths[0]))
  if (lengths.length === 1 && exchange.ended) expect(String(sent.length)).toBe(lengths[0])
  const selfDelimited = lengths.length === 1 || chunked !== undefined
  if (!selfDelimited) expect(getHeader(head.headers, 'connection')).toBe('close')
}

describe('HttpExchange under any events', () => {
  it('[3b.21] refuses each event, or writes one well-formed response', () => {
    let ended = 0
    fc.assert(
      fc.property(facts, steps, (request, steps) => {
        const model = new Model(request)
        for (const step of steps) {
          model.take(step)
          expectWellFormed(model, request)
        }
        if (model.exchange.ended) ended += 1
      }),
      { numRuns: 2_000, seed: 26 },
    )
    expect(ended).toBeGreaterThan(800)
  })

  it('[3b.25] writes exactly the announced bytes of any body that is accepted completely', () => {
    const chunks = fc.array(fc.string({ unit: 'binary', maxLength: 4 }), { minLength: 1 })
    fc.assert(
      fc.property(chunks, fc.boolean(), (bodies, announced) => {
        const bytes = bodies.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
        const request = { method: 'GET', httpVersion: '1.1', keepAlive: true } as const
        const model = new Model({ ...request, acceptsTrailers: false })
        const headers: HeaderPairs = announced ? [['content-length', String(bytes)]] : []
        model.take({ send: { type: 'http.response.start', status: 200, headers } })
        bodies.forEach((body, index) => {
          const moreBody = index < bodies.length - 1
          model.take({ send: { type: 'http.response.body', body, moreBody } })
        })
        expect(model.exchange.ended).toBe(true)
        expect(bytesOf(model.parts)).toEqual(Buffer.from(bodies.join('')))
        expectWellFormed(model, { ...request, acceptsTrailers: false })
      }),
      { numRuns: 300, seed: 26 },
    )
  })
})
