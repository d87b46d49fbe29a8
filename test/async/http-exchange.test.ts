import { describe, expect, it } from 'vitest'
import { NO_IDENTITY } from '../../src/async/framing.ts'
import { HttpExchange } from '../../src/async/http-exchange.ts'
import {
  ContentLengthMismatchError,
  IllegalEventError,
  InvalidHeaderError,
} from '../../src/errors.ts'
import type { Command } from '../../src/async/http-exchange.ts'
import type { RequestFacts } from '../../src/async/framing.ts'
import type { HeaderPairs, SendEvent } from '../../src/contract/events.ts'

const GET: RequestFacts = {
  method: 'GET',
  httpVersion: '1.1',
  keepAlive: true,
  acceptsTrailers: true,
}

const START: SendEvent = { type: 'http.response.start', status: 200 }
const WITH_TRAILERS: SendEvent = { ...START, trailers: true }
const MORE: SendEvent = { type: 'http.response.body', body: 'abc', moreBody: true }
const LAST: SendEvent = { type: 'http.response.body', body: 'abc' }
const TRAILERS: SendEvent = { type: 'http.response.trailers', headers: [['x-sum', '1']] }
const HINT: SendEvent = { type: 'http.response.early_hint', links: ['</a.css>; rel=preload'] }
const FILE: SendEvent = { type: 'http.response.pathsend', path: '/srv/a.txt' }

function exchangeOf(facts: Partial<RequestFacts> = {}): HttpExchange {
  return new HttpExchange({ ...GET, ...facts }, NO_IDENTITY)
}

function after(...events: SendEvent[]): HttpExchange {
  const exchange = exchangeOf()
  for (const event of events) exchange.accept(event)
  return exchange
}

function startWith(headers: HeaderPairs, status = 200): SendEvent {
  return { type: 'http.response.start', status, headers }
}

function length(bytes: number): SendEvent {
  return startWith([['content-length', String(bytes)]])
}

function refused(exchange: HttpExchange, event: unknown): string {
  try {
    exchange.accept(event as SendEvent)
  } catch (error) {
    expect(error).toBeInstanceOf(IllegalEventError)
    return (error as Error).message
  }
  throw new Error('the event was accepted')
}

function partOf(command: Command): object {
  if (command.type !== 'write') throw new Error(`${command.type} instead of write`)
  return command.part
}

describe('HttpExchange: the order of events', () => {
  it('[3b.21] refuses all events but a start and a hint while it waits for the start', () => {
    const state = 'is illegal here: the response is waiting for http.response.start'
    for (const event of [MORE, LAST, TRAILERS, FILE]) {
      expect(refused(exchangeOf(), event)).toBe(`${event.type} ${state}`)
    }
    expect(exchangeOf().accept(HINT).type).toBe('early-hint')
  })

  it('[3b.21] refuses a second start and trailers before the body', () => {
    const state = 'is illegal here: the response is started and waiting for its body'
    expect(refused(after(START), START)).toBe(`http.response.start ${state}`)
    expect(refused(after(WITH_TRAILERS), TRAILERS)).toBe(`http.response.trailers ${state}`)
  })

  it('[3b.21] refuses a start, trailers and a file in the middle of the body', () => {
    const state = 'is illegal here: the response is in the middle of its body'
    for (const event of [START, TRAILERS, FILE]) {
      expect(refused(after(WITH_TRAILERS, MORE), event)).toBe(`${event.type} ${state}`)
    }
  })

  it('[3b.31] refuses all events but a hint while a file is sent', () => {
    const state = 'is illegal here: the response is sending a file'
    for (const event of [START, MORE, LAST, TRAILERS, FILE]) {
      expect(refused(after(START, FILE), event)).toBe(`${event.type} ${state}`)
    }
  })

  it('[3b.34] refuses all events but trailers and a hint after a body that announced trailers', () => {
    const state = 'is illegal here: the response is waiting for http.response.trailers'
    for (const event of [START, MORE, LAST, FILE]) {
      expect(refused(after(WITH_TRAILERS, LAST), event)).toBe(`${event.type} ${state}`)
    }
  })

  it('[3b.21] refuses all events after the end', () => {
    const state = 'is illegal here: the response is complete'
    for (const event of [START, MORE, LAST, TRAILERS, HINT, FILE]) {
      expect(refused(after(START, LAST), event)).toBe(`${event.type} ${state}`)
      expect(refused(after(WITH_TRAILERS, LAST, TRAILERS), event)).toBe(`${event.type} ${state}`)
    }
  })

  it('[3b.21] refuses all events after the response broke off', () => {
    const state = 'is illegal here: the response is broken off'
    for (const event of [START, MORE, LAST, TRAILERS, HINT, FILE]) {
      const exchange = after(length(9))
      expect(() => exchange.accept(LAST)).toThrow(ContentLengthMismatchError)
      expect(refused(exchange, event)).toBe(`${event.type} ${state}`)
    }
  })

  it('[3b.39] refuses events of other types, and values that are not events', () => {
    const names = ['http.response.push', 'http.response.debug', 'websocket.send', 'toString']
    for (const type of names) {
      expect(refused(exchangeOf(), { type })).toBe(`"${type}" is not an event of an HTTP response`)
    }
    expect(refused(exchangeOf(), { type: '' })).toBe(
      'an empty string is not an event of an HTTP response',
    )
    const type = 'an event of type undefined is not an event of an HTTP response'
    for (const event of [undefined, null, {}, 7, 'http.response.start']) {
      expect(refused(exchangeOf(), event)).toBe(type)
    }
  })

  it('[3b.21] does not change the response when it refuses an event', () => {
    const exchange = after(START)
    refused(exchange, START)
    refused(exchange, { type: 'http.response.body', body: 7 })
    expect(partOf(exchange.accept(LAST))).toMatchObject({ head: { status: 200 }, end: true })
  })
})

describe('HttpExchange: the start', () => {
  it('[3b.22] holds the head until the first body event', () => {
    const exchange = exchangeOf()
    expect(exchange.accept(START)).toEqual({ type: 'hold' })
    expect(exchange).toMatchObject({ started: true, headSent: false, ended: false })
    expect(partOf(exchange.accept(MORE))).toMatchObject({ head: { status: 200 }, chunk: 'abc' })
    expect(exchange).toMatchObject({ headSent: true, complete: false })
    expect(partOf(exchange.accept(LAST))).toMatchObject({ head: null, end: true })
    expect(exchange).toMatchObject({ complete: true, ended: true, failed: false })
  })

  it('[3b.22] sends the head of an event stream at once', () => {
    for (const type of ['text/event-stream', 'Text/Event-Stream; charset=utf-8']) {
      const part = partOf(exchangeOf().accept(startWith([['content-type', type]])))
      expect(part).toMatchObject({ head: { status: 200 }, chunk: null, end: false })
    }
  })

  it('[3b.22] sends the head with an empty body event that has more to come', () => {
    const flush: SendEvent = { type: 'http.response.body', moreBody: true }
    expect(partOf(after(START).accept(flush))).toMatchObject({ head: { status: 200 }, chunk: null })
  })

  it('[3b.23] accepts integers from 200 to 999 as the status, and no other value', () => {
    for (const status of [200, 404, 599, 600, 999]) {
      expect(exchangeOf().accept({ type: 'http.response.start', status })).toEqual({ type: 'hold' })
    }
    for (const status of [
      undefined,
      null,
      '200',
      99,
      100,
      101,
      103,
      199,
      200.5,
      1000,
      Number.NaN,
    ]) {
      expect(refused(exchangeOf(), { type: 'http.response.start', status })).toBe(
        `the status of http.response.start must be an integer from 200 to 999, got ${typeof status === 'string' ? `"${status}"` : String(status)}`,
      )
    }
  })

  it('[3b.23] sends names in lower case, in order, with duplicates', () => {
    const headers: HeaderPairs = [
      ['Set-Cookie', 'b=1'],
      ['X-A', ' é\t'],
      ['SET-COOKIE', 'a=1'],
      ['content-length', '3'],
    ]
    expect(partOf(after(startWith(headers)).accept(LAST))).toMatchObject({
      head: {
        headers: [
          ['set-cookie', 'b=1'],
          ['x-a', ' é\t'],
          ['set-cookie', 'a=1'],
          ['content-length', '3'],
        ],
      },
    })
  })

  it('[3b.23] refuses headers that would break the response apart', () => {
    const pairs: unknown[] = [
      ['x', 'a\r\nset-cookie: b'],
      ['x', 'a\nb'],
      ['x', 'a\0'],
      ['x', '€'],
      ['x y', 'a'],
      ['x:', 'a'],
      ['', 'a'],
      [':status', '200'],
      ['x', 1],
      ['x'],
      ['x', 'a', 'b'],
      'xy',
      null,
    ]
    for (const pair of pairs) {
      expect(() => exchangeOf().accept(startWith([pair] as HeaderPairs))).toThrow(
        InvalidHeaderError,
      )
    }
    for (const headers of ['x', null, { x: 'a' }, new Map([['x', 'a']])]) {
      expect(() => exchangeOf().accept({ ...START, headers } as unknown as SendEvent)).toThrow(
        InvalidHeaderError,
      )
    }
  })

  it('[3b.23] accepts a second start after one with an invalid header, and keeps no part of the first', () => {
    const exchange = exchangeOf()
    const broken: HeaderPairs = [
      ['content-length', '9'],
      ['content-length', '8'],
    ]
    expect(() => exchange.accept(startWith(broken))).toThrow(InvalidHeaderError)
    expect(exchange.started).toBe(false)
    exchange.accept(START)
    const headers = [['content-length', '3']]
    expect(partOf(exchange.accept(LAST))).toMatchObject({ head: { headers } })
  })

  it('[3b.2] refuses trailers and moreTrailers that are not booleans', () => {
    expect(refused(exchangeOf(), { ...START, trailers: 'yes' })).toBe(
      'trailers of http.response.start must be a boolean',
    )
    expect(refused(after(WITH_TRAILERS, LAST), { ...TRAILERS, moreTrailers: 1 })).toBe(
      'moreTrailers of http.response.trailers must be a boolean',
    )
  })

  it('[3b.2] ignores unknown keys', () => {
    expect(exchangeOf().accept({ ...START, colour: 'red' } as SendEvent)).toEqual({ type: 'hold' })
  })

  it('restarts while the head is held, and counts the body from zero again', () => {
    const exchange = after(
      startWith([
        ['x-old', '1'],
        ['content-length', '9'],
      ]),
    ) // oxfmt
    exchange.restart()
    exchange.accept(length(3))
    expect(partOf(exchange.accept(LAST))).toMatchObject({
      head: { headers: [['content-length', '3']] },
      end: true,
    })
  })

  it('restarts after a body that was too short, and counts the body from zero again', () => {
    const exchange = after(length(9))
    expect(() => exchange.accept(LAST)).toThrow(ContentLengthMismatchError)
    exchange.restart()
    exchange.accept(length(3))
    expect(partOf(exchange.accept(LAST))).toMatchObject({ chunk: 'abc', end: true })
  })

  it('does not restart after the head was sent', () => {
    expect(() => after(START, MORE).restart()).toThrow(IllegalEventError)
  })
})

describe('HttpExchange: the body', () => {
  it('[3b.24] accepts bytes and strings; the default is an empty body that is the last', () => {
    const bytes = new Uint8Array([1, 2])
    const event: SendEvent = { type: 'http.response.body', body: bytes }
    expect(partOf(after(START).accept(event))).toMatchObject({ chunk: bytes, end: true })
    const empty = partOf(after(START).accept({ type: 'http.response.body' }))
    expect(empty).toMatchObject({ chunk: null, end: true })
  })

  it('[3b.2] refuses other bodies, and a moreBody that is not a boolean', () => {
    for (const body of [null, 7, [1], new ArrayBuffer(1), Promise.resolve('a')]) {
      expect(refused(after(START), { type: 'http.response.body', body })).toBe(
        'the body of http.response.body must be a Uint8Array or a string; JSON.stringify(data) makes a string of data',
      )
    }
    for (const moreBody of [null, 0, 'false']) {
      expect(refused(after(START), { type: 'http.response.body', moreBody })).toBe(
        'moreBody of http.response.body must be a boolean',
      )
    }
  })

  it('[3b.25] refuses an event that exceeds the Content-Length, and writes no byte from it', () => {
    const exchange = after(length(4), MORE)
    expect(() => exchange.accept(LAST)).toThrow(
      new ContentLengthMismatchError('the body exceeds its Content-Length of 4 bytes by 2'),
    )
    expect(exchange.failed).toBe(false)
    const fitting: SendEvent = { type: 'http.response.body', body: 'd' }
    expect(partOf(exchange.accept(fitting))).toMatchObject({ chunk: 'd', end: true })
  })

  it('[3b.25] fails when the body ends before its Content-Length', () => {
    const exchange = after(length(9), MORE)
    expect(() => exchange.accept(LAST)).toThrow(
      new ContentLengthMismatchError(
        'the body ended after 6 of the 9 bytes that its Content-Length announced',
      ),
    )
    expect(exchange).toMatchObject({ failed: true, complete: false, ended: false })
  })

  it('[3b.25] counts a string in UTF-8, and a lone surrogate as U+FFFD', () => {
    const body: SendEvent = { type: 'http.response.body', body: '€\ud800' }
    expect(partOf(after(length(6)).accept(body))).toMatchObject({ end: true })
    expect(() => after(length(5)).accept(body)).toThrow(ContentLengthMismatchError)
  })
})
