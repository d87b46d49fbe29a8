import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_IDENTITY } from '../../src/async/framing.ts'
import { WebSocketExchange } from '../../src/async/websocket-exchange.ts'
import {
  ClientDisconnectedError,
  ContentLengthMismatchError,
  IllegalEventError,
  InvalidHeaderError,
} from '../../src/errors.ts'
import type { HeaderPairs, SendEvent } from '../../src/contract/events.ts'

const ACCEPT: SendEvent = { type: 'websocket.accept' }
const SEND: SendEvent = { type: 'websocket.send', text: 'a' }
const CLOSE: SendEvent = { type: 'websocket.close' }
const DENY: SendEvent = { type: 'websocket.http.response.start', status: 401 }
const BODY: SendEvent = { type: 'websocket.http.response.body', body: 'no' }

function exchangeOf(subprotocols: string[] = []): WebSocketExchange {
  return new WebSocketExchange({ httpVersion: '1.1', subprotocols }, NO_IDENTITY)
}

function after(...events: SendEvent[]): WebSocketExchange {
  const exchange = exchangeOf()
  for (const event of events) exchange.accept(event)
  return exchange
}

function partOf(command: ReturnType<WebSocketExchange['accept']>): unknown {
  return command.type === 'deny' ? command.part : command
}

describe('WebSocketExchange: the handshake', () => {
  it('[3b.43] accepts with the headers in order and without a subprotocol by default', () => {
    const headers: HeaderPairs = [
      ['Set-Cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]
    expect(exchangeOf(['chat']).accept({ type: 'websocket.accept', headers })).toEqual({
      type: 'accept',
      subprotocol: null,
      headers: [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ],
    })
  })

  it('[3b.43] accepts a subprotocol that was offered', () => {
    const event: SendEvent = { type: 'websocket.accept', subprotocol: 'b' }
    expect(exchangeOf(['a', 'b']).accept(event)).toMatchObject({ subprotocol: 'b' })
  })

  it('[3b.43] rejects a subprotocol that was not offered, and stays connecting', () => {
    const exchange = exchangeOf(['a', 'b'])
    expect(() => exchange.accept({ type: 'websocket.accept', subprotocol: 'c' })).toThrow(
      new IllegalEventError(
        'the subprotocol of websocket.accept must be one that the client offered (a, b), got "c"',
      ),
    )
    expect(exchange.state).toBe('connecting')
  })

  it('[3b.43] rejects sec-websocket-* and the fields that only the server sets', () => {
    const names = ['Sec-WebSocket-Protocol', 'sec-websocket-accept', 'connection', 'content-length']
    for (const name of names) {
      const headers: HeaderPairs = [[name, 'x']]
      expect(() => exchangeOf().accept({ type: 'websocket.accept', headers })).toThrow(
        InvalidHeaderError,
      )
    }
  })

  it('[3b.43] rejects a header that would break the handshake apart', () => {
    const headers: HeaderPairs = [['x', 'a\r\nset-cookie: b']]
    expect(() => exchangeOf().accept({ type: 'websocket.accept', headers })).toThrow(
      InvalidHeaderError,
    )
  })

  it('[3b.44] turns a close before accept into a 403', () => {
    const exchange = exchangeOf()
    expect(partOf(exchange.accept(CLOSE))).toMatchObject({
      head: {
        status: 403,
        headers: [
          ['content-length', '0'],
          ['connection', 'close'],
        ],
      },
      chunk: null,
      trailers: null,
      end: true,
    })
    expect(exchange.state).toBe('closed')
  })

  it('[3b.47] turns a denial into an HTTP response of the app', () => {
    const exchange = exchangeOf()
    expect(exchange.accept(DENY)).toEqual({ type: 'hold' })
    expect(exchange.state).toBe('denying')
    expect(partOf(exchange.accept(BODY))).toMatchObject({
      head: {
        status: 401,
        headers: [
          ['content-length', '2'],
          ['connection', 'close'],
        ],
      },
      chunk: 'no',
      trailers: null,
      end: true,
    })
    expect(exchange.state).toBe('closed')
  })

  it('[3b.47] streams a denial', () => {
    const exchange = after(DENY)
    const first = exchange.accept({ ...BODY, moreBody: true })
    expect(partOf(first)).toMatchObject({ chunk: 'no', end: false })
    expect(exchange.state).toBe('denying')
    expect(exchange.unanswered).toBe(false)
    expect(partOf(exchange.accept(BODY))).toMatchObject({ head: null, chunk: 'no', end: true })
  })

  it('[3b.47] fails a denial that is shorter than it announced', () => {
    const exchange = exchangeOf()
    exchange.accept({ ...DENY, headers: [['content-length', '9']] })
    expect(() => exchange.accept(BODY)).toThrow(ContentLengthMismatchError)
    expect(exchange.failed).toBe(true)
  })

  it('[3b.45] lets the server replace a denial whose head is still held', () => {
    const exchange = after(DENY)
    expect(exchange.unanswered).toBe(true)
    exchange.restart()
    expect(exchange.state).toBe('connecting')
    exchange.accept({ ...DENY, status: 500 })
    expect(partOf(exchange.accept(BODY))).toMatchObject({ head: { status: 500 } })
  })

  it('refuses to restart after an accept', () => {
    expect(() => after(ACCEPT).restart()).toThrow(IllegalEventError)
  })
})

describe('WebSocketExchange: messages and close', () => {
  it('[3b.46] takes exactly one of text and bytes', () => {
    const exchange = after(ACCEPT)
    expect(exchange.accept({ type: 'websocket.send', text: '', bytes: null })).toEqual({
      type: 'message',
      message: '',
    })
    const bytes = new Uint8Array([1])
    expect(exchange.accept({ type: 'websocket.send', bytes })).toEqual({
      type: 'message',
      message: bytes,
    })
    for (const event of [{}, { text: null }, { text: 'a', bytes }]) {
      expect(() => exchange.accept({ type: 'websocket.send', ...event })).toThrow(
        'websocket.send needs exactly one of text and bytes',
      )
    }
  })

  it('[3b.2] rejects text that is not a string and bytes that are not a Uint8Array', () => {
    const exchange = after(ACCEPT)
    const wrong = [{ text: 1 }, { bytes: 'a' }, { bytes: new ArrayBuffer(1) }, { bytes: [1] }]
    for (const event of wrong) {
      expect(() =>
        exchange.accept({ type: 'websocket.send', ...event } as unknown as SendEvent),
      ).toThrow(IllegalEventError)
    }
  })

  it('[3b.50] closes with 1000 and no reason by default', () => {
    const exchange = after(ACCEPT)
    expect(exchange.accept(CLOSE)).toEqual({ type: 'close', code: 1000, reason: '' })
    expect(exchange.state).toBe('closing')
  })

  it('[3b.50] closes with exactly the codes that the protocol allows', () => {
    const allowed = (code: number): boolean =>
      (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) ||
      (code >= 3000 && code <= 4999)
    for (let code = 990; code <= 5010; code++) {
      const exchange = after(ACCEPT)
      const event: SendEvent = { type: 'websocket.close', code }
      if (allowed(code)) expect(exchange.accept(event)).toMatchObject({ code })
      else expect(() => exchange.accept(event)).toThrow(IllegalEventError)
    }
    for (const code of [1000.5, NaN, '1000']) {
      const event = { type: 'websocket.close', code } as SendEvent
      expect(() => after(ACCEPT).accept(event)).toThrow(IllegalEventError)
    }
  })

  it('[3b.50] accepts a reason of 123 bytes in UTF-8, and no longer one', () => {
    const fits = `${'é'.repeat(61)}!`
    expect(after(ACCEPT).accept({ type: 'websocket.close', reason: fits })).toMatchObject({
      reason: fits,
    })
    const reason = 'é'.repeat(62)
    expect(() => after(ACCEPT).accept({ type: 'websocket.close', reason })).toThrow(
      'the reason of websocket.close must be a string of at most 123 bytes in UTF-8',
    )
  })

  it('[3b.52] rejects all events after the app’s own close, also when the peer is gone', () => {
    const exchange = after(ACCEPT, CLOSE)
    expect(() => exchange.accept(CLOSE)).toThrow(
      new IllegalEventError(
        '"websocket.close" is illegal while the WebSocket is closing: send nothing more',
      ),
    )
    exchange.disconnect()
    expect(exchange.state).toBe('closed')
    expect(() => exchange.accept(SEND)).toThrow(IllegalEventError)
  })

  it('[3b.52] rejects with ClientDisconnectedError after the peer has gone', () => {
    for (const exchange of [exchangeOf(), after(ACCEPT), after(DENY)]) {
      exchange.disconnect()
      expect(exchange.state).toBe('disconnected')
      for (const event of [ACCEPT, SEND, CLOSE]) {
        expect(() => exchange.accept(event)).toThrow(ClientDisconnectedError)
      }
    }
  })
})

describe('WebSocketExchange: illegal events', () => {
  it('[3b.46] names the state, the event and the legal events', () => {
    expect(() => exchangeOf().accept(SEND)).toThrow(
      '"websocket.send" is illegal while the WebSocket is connecting: send websocket.accept or websocket.close or websocket.http.response.start',
    )
  })

  it('[3b.47] refuses a websocket message after a denial has begun', () => {
    for (const event of [ACCEPT, SEND, CLOSE, DENY]) {
      expect(() => after(DENY).accept(event)).toThrow('while the WebSocket is denying')
    }
  })

  it('[3b.2] rejects values that are not events', () => {
    for (const event of [
      undefined,
      null,
      1,
      {},
      { type: 7 },
      { type: 'nonsense' },
      { type: 'http.response.start' },
    ]) {
      expect(() => exchangeOf().accept(event as unknown as SendEvent)).toThrow(IllegalEventError)
    }
  })

  it('[3b.2] ignores unknown keys', () => {
    expect(exchangeOf().accept({ ...ACCEPT, extra: 1 } as SendEvent)).toMatchObject({
      type: 'accept',
    })
  })

  it('never leaves the legal paths, in any order of events', () => {
    const event = fc.constantFrom(ACCEPT, SEND, CLOSE, DENY, BODY)
    const property = fc.property(fc.array(event, { maxLength: 8 }), (events) => {
      const exchange = exchangeOf()
      const path = events.map((next) => {
        try {
          return exchange.accept(next).type
        } catch (error) {
          expect(error).toBeInstanceOf(IllegalEventError)
          return ''
        }
      })
      const legal = path.filter((move) => move !== '').join(' ')
      expect(legal).toMatch(/^(accept( message)*( close)?|deny|hold( deny)?)?$/)
    })
    fc.assert(property, { seed: 42, numRuns: 500 })
  })
})
