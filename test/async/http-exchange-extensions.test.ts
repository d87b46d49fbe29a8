import { describe, expect, it } from 'vitest'
import { HttpExchange } from '../../src/async/http-exchange.ts'
import {
  ContentLengthMismatchError,
  IllegalEventError,
  InvalidHeaderError,
} from '../../src/errors.ts'
import type { RequestFacts } from '../../src/async/framing.ts'
import type { HeaderPairs, SendEvent } from '../../src/contract/events.ts'

const START: SendEvent = { type: 'http.response.start', status: 200 }
const WITH_TRAILERS: SendEvent = { ...START, trailers: true }
const MORE: SendEvent = { type: 'http.response.body', body: 'abc', moreBody: true }
const LAST: SendEvent = { type: 'http.response.body', body: 'abc' }
const SUM: HeaderPairs = [['x-sum', '1']]
const TRAILERS = { type: 'http.response.trailers' as const, headers: SUM }
const LINK = '</a.css>; rel=preload'
const HINT = { type: 'http.response.early_hint' as const, links: [LINK] }
const FILE: SendEvent = { type: 'http.response.pathsend', path: '/srv/a.txt' }
const HOLD = { type: 'hold' }

function after(facts: Partial<RequestFacts>, ...events: SendEvent[]): HttpExchange {
  const defaults = { method: 'GET', httpVersion: '1.1', keepAlive: true, acceptsTrailers: true }
  const identity = { server: null, date: () => null }
  const exchange = new HttpExchange({ ...defaults, ...facts } as RequestFacts, identity)
  for (const event of events) exchange.accept(event)
  return exchange
}

describe('HttpExchange: trailers', () => {
  it('[3b.34] chunks a whole body that trailers follow, and ends after the last trailers', () => {
    const exchange = after({}, WITH_TRAILERS)
    expect(exchange.accept(LAST)).toMatchObject({
      part: { head: { headers: [['transfer-encoding', 'chunked']] }, chunk: 'abc', end: false },
    })
    expect(exchange).toMatchObject({ complete: false, ended: false })
    expect(exchange.accept({ ...TRAILERS, moreTrailers: true })).toEqual(HOLD)
    expect(exchange.accept({ ...TRAILERS, headers: [['X-B', '2']] })).toEqual({
      type: 'write',
      part: { head: null, chunk: null, size: 0, trailers: [...SUM, ['x-b', '2']], end: true },
    })
    expect(exchange).toMatchObject({ complete: true, ended: true })
  })

  it('[3b.34] accepts trailers without a single field', () => {
    const exchange = after({}, WITH_TRAILERS, LAST)
    const part = { head: null, chunk: null, size: 0, trailers: [], end: true }
    expect(exchange.accept({ type: 'http.response.trailers' })).toEqual({ type: 'write', part })
  })

  it('[3b.34] drops trailers for a client that did not ask for them, on HTTP/1.0, and with a Content-Length', () => {
    const withLength: SendEvent = { ...WITH_TRAILERS, headers: [['content-length', '3']] }
    const exchanges = [
      after({ acceptsTrailers: false }, WITH_TRAILERS, LAST),
      after({ httpVersion: '1.0' }, WITH_TRAILERS, LAST),
      after({}, withLength, LAST),
    ]
    for (const exchange of exchanges) {
      expect(exchange.accept(TRAILERS)).toMatchObject({ part: { trailers: null, end: true } })
    }
  })

  it('[3b.34] accepts and drops trailers of a response without a body', () => {
    const exchange = after({ method: 'HEAD' }, WITH_TRAILERS)
    expect(exchange.accept(LAST)).toMatchObject({ part: { chunk: null, end: true } })
    expect(exchange.accept(TRAILERS)).toEqual(HOLD)
    expect(exchange.complete).toBe(true)
  })

  it('[3b.34] refuses trailers that the start did not announce', () => {
    expect(() => after({}, START, MORE).accept(TRAILERS)).toThrow(IllegalEventError)
    expect(() => after({}, START, LAST).accept(TRAILERS)).toThrow(IllegalEventError)
  })

  it('[3b.34] refuses fields that must come before the body, and accepts other trailers after that', () => {
    const exchange = after({}, WITH_TRAILERS, LAST)
    for (const name of ['Content-Length', 'transfer-encoding', 'set-cookie', 'authorization']) {
      const event: SendEvent = { type: 'http.response.trailers', headers: [[name, '1']] }
      expect(() => exchange.accept(event)).toThrow(
        new InvalidHeaderError(`"${name.toLowerCase()}" must not be a trailer (RFC 9110, 6.5.1)`),
      )
    }
    const split: SendEvent = { type: 'http.response.trailers', headers: [['x', 'a\r\nb: c']] }
    expect(() => exchange.accept(split)).toThrow(InvalidHeaderError)
    expect(exchange.accept(TRAILERS)).toMatchObject({ part: { trailers: SUM, end: true } })
  })
})

describe('HttpExchange: early hints', () => {
  it('[3b.33] sends any number of hints before the head, also after the start', () => {
    const exchange = after({})
    const command = { type: 'early-hint', headers: [['link', LINK]] }
    expect(exchange.accept(HINT)).toEqual(command)
    exchange.accept(START)
    expect(exchange.accept(HINT)).toEqual(command)
    expect(exchange.accept({ ...HINT, links: ['<a>', '<b>'] })).toEqual({
      type: 'early-hint',
      headers: [
        ['link', '<a>'],
        ['link', '<b>'],
      ],
    })
  })

  it('[3b.33] ignores hints after the head and on HTTP/1.0', () => {
    expect(after({}, START, MORE).accept(HINT)).toEqual(HOLD)
    expect(after({}, WITH_TRAILERS, LAST).accept(HINT)).toEqual(HOLD)
    expect(after({ httpVersion: '1.0' }).accept(HINT)).toEqual(HOLD)
  })

  it('[3b.33] sends no empty hint', () => {
    expect(after({}).accept({ type: 'http.response.early_hint', links: [] })).toEqual(HOLD)
  })

  it('[3b.33] refuses links that are not an array, or would break the head apart', () => {
    for (const links of [undefined, null, LINK, { 0: LINK }]) {
      const event = { type: 'http.response.early_hint', links } as unknown as SendEvent
      expect(() => after({}).accept(event)).toThrow(IllegalEventError)
    }
    for (const link of ['<a>\r\nx: y', '€', 7, null]) {
      const event = { type: 'http.response.early_hint', links: [link] } as SendEvent
      expect(() => after({}).accept(event)).toThrow(InvalidHeaderError)
    }
  })
})

describe('HttpExchange: a file', () => {
  it('[3b.31] sends a file of a known length', () => {
    const exchange = after({}, START)
    expect(exchange.accept(FILE)).toEqual({ type: 'pathsend', path: '/srv/a.txt' })
    exchange.fileOpened(2)
    expect(exchange.fileChunk(new Uint8Array([1, 2]))).toMatchObject({
      part: { head: { headers: [['content-length', '2']] }, end: false },
    })
    expect(exchange.fileChunk(null)).toMatchObject({ part: { head: null, end: true } })
    expect(exchange.complete).toBe(true)
  })

  it('[3b.31] sends an empty file', () => {
    const exchange = after({}, START, FILE)
    exchange.fileOpened(0)
    expect(exchange.fileChunk(null)).toMatchObject({
      part: { head: { headers: [['content-length', '0']] }, chunk: null, end: true },
    })
  })

  it('[3b.31] keeps the length that the app announced, and fails if the file has another', () => {
    const start: SendEvent = { ...START, headers: [['content-length', '3']] }
    const exchange = after({}, start, FILE)
    exchange.fileOpened(2)
    exchange.fileChunk(new Uint8Array(2))
    expect(() => exchange.fileChunk(null)).toThrow(ContentLengthMismatchError)
    expect(exchange.failed).toBe(true)
  })

  it('[3b.26] completes with the head of the file if the response has no body', () => {
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 304],
      ['GET', 204],
    ] as const) {
      const exchange = after({ method }, { type: 'http.response.start', status }, FILE)
      exchange.fileOpened(2)
      const headers = method === 'HEAD' ? [['content-length', '2']] : []
      expect(exchange.fileChunk(new Uint8Array(2))).toMatchObject({
        part: { head: { headers }, chunk: null, end: true },
      })
      expect(exchange).toMatchObject({ complete: true, ended: true })
    }
  })

  it('[3b.31] lets trailers follow the file', () => {
    const exchange = after({ acceptsTrailers: false }, WITH_TRAILERS, FILE)
    exchange.fileOpened(0)
    expect(exchange.fileChunk(null)).toMatchObject({ part: { end: false } })
    expect(exchange.accept(TRAILERS)).toMatchObject({ part: { end: true } })
  })

  it('[3b.31] refuses a path that is not absolute, and accepts a body instead', () => {
    const exchange = after({}, START)
    for (const path of ['a.txt', './a.txt', '', undefined, 7, null]) {
      const event = { type: 'http.response.pathsend', path } as SendEvent
      expect(() => exchange.accept(event)).toThrow(IllegalEventError)
    }
    expect(exchange.accept(LAST)).toMatchObject({ part: { end: true } })
  })

  it('[3b.31] refuses a file after the head of an event stream', () => {
    const start: SendEvent = { ...START, headers: [['content-type', 'text/event-stream']] }
    expect(() => after({}, start).accept(FILE)).toThrow(IllegalEventError)
  })

  it('refuses the file of a response that another one has replaced', () => {
    const exchange = after({}, START, FILE)
    exchange.restart()
    exchange.accept(START)
    expect(() => exchange.fileOpened(9)).toThrow(IllegalEventError)
    expect(() => exchange.fileChunk(null)).toThrow(IllegalEventError)
    expect(exchange.accept(LAST)).toMatchObject({
      part: { head: { headers: [['content-length', '3']] }, end: true },
    })
  })
})
