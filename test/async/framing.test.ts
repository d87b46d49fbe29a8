import { describe, expect, it } from 'vitest'
import { NO_IDENTITY } from '../../src/async/framing.ts'
import { HttpExchange } from '../../src/async/http-exchange.ts'
import { InvalidHeaderError } from '../../src/errors.ts'
import type { ResponsePart } from '../../src/async/http-exchange.ts'
import type { Identity, RequestFacts } from '../../src/async/framing.ts'
import type { HeaderPairs, SendEvent } from '../../src/contract/events.ts'

const NAMED: Identity = { server: 'isthmus', date: () => 'Thu, 01 Jan 1970 00:00:00 GMT' }

interface Response {
  headers: HeaderPairs
  body: string
  ended: boolean
}

/** The response that an engine gets for `chunks`, with one body event for each. */
function respond(
  facts: Partial<RequestFacts>,
  start: { status?: number; headers?: HeaderPairs },
  chunks: string[],
  identity: Identity = NO_IDENTITY,
): Response {
  const defaults = { method: 'GET', httpVersion: '1.1', keepAlive: true, acceptsTrailers: false }
  const exchange = new HttpExchange({ ...defaults, ...facts } as RequestFacts, identity)
  const bodies = chunks.map((body, index): SendEvent => {
    return { type: 'http.response.body', body, moreBody: index < chunks.length - 1 }
  })
  const parts: ResponsePart[] = []
  for (const event of [{ type: 'http.response.start', status: 200, ...start }, ...bodies]) {
    const command = exchange.accept(event as SendEvent)
    if (command.type === 'write') parts.push(command.part)
  }
  return {
    headers: parts[0]?.head?.headers ?? [],
    body: parts.map(({ chunk }) => chunk ?? '').join(''),
    ended: parts.at(-1)?.end ?? false,
  }
}

describe('HttpExchange: the end of the body', () => {
  it('[3b.22] adds the Content-Length of a body in one event, in bytes', () => {
    for (const httpVersion of ['1.0', '1.1'] as const) {
      const { headers, body } = respond({ httpVersion, keepAlive: true }, {}, ['€'])
      expect(headers[0]).toEqual(['content-length', '3'])
      expect(body).toBe('€')
    }
    expect(respond({}, {}, ['']).headers).toEqual([['content-length', '0']])
  })

  it('[3b.13] chunks a body that comes in pieces on HTTP/1.1', () => {
    const response = respond({}, {}, ['a', 'b'])
    const headers = [['transfer-encoding', 'chunked']]
    expect(response).toEqual({ headers, body: 'ab', ended: true })
  })

  it('[3a.48] never chunks on HTTP/1.0: the end of the connection ends the body', () => {
    const response = respond({ httpVersion: '1.0', keepAlive: true }, {}, ['a', 'b'])
    expect(response).toEqual({ headers: [['connection', 'close']], body: 'ab', ended: true })
  })

  it('keeps an announced Content-Length instead, on both versions', () => {
    const headers: HeaderPairs = [['content-length', '2']]
    expect(respond({}, { headers }, ['a', 'b']).headers).toEqual(headers)
    const old = respond({ httpVersion: '1.0' }, { headers }, ['a', 'b'])
    expect(old.headers).toEqual([...headers, ['connection', 'keep-alive']])
  })

  it('folds equal Content-Lengths, and refuses different ones', () => {
    const twice: HeaderPairs = [
      ['content-length', '2'],
      ['Content-Length', '2'],
    ]
    expect(respond({}, { headers: twice }, ['ab']).headers).toEqual([['content-length', '2']])
    const different: HeaderPairs = [
      ['content-length', '2'],
      ['content-length', '3'],
    ]
    expect(() => respond({}, { headers: different }, ['ab'])).toThrow(InvalidHeaderError)
  })

  it('refuses a Content-Length that is not plain digits', () => {
    for (const value of ['', '-1', '+1', '1.0', '0x1', '1 ', '1,1', 'NaN', '9'.repeat(16)]) {
      expect(() => respond({}, { headers: [['content-length', value]] }, ['a'])).toThrow(
        new InvalidHeaderError(
          `content-length must be a number of bytes, got ${value === '' ? 'an empty string' : `"${value}"`}`,
        ),
      )
    }
  })
})

describe('HttpExchange: responses without a body', () => {
  it('[3b.26] answers HEAD like GET: with the length of the body, but without the body', () => {
    const whole = respond({ method: 'HEAD' }, {}, ['abc'])
    expect(whole).toEqual({ headers: [['content-length', '3']], body: '', ended: true })
  })

  it('[3b.26] announces no length for a HEAD response whose app left the body out', () => {
    // RFC 9110, 8.6: a client would read it as the length of the response to GET.
    expect(respond({ method: 'HEAD' }, {}, [''])).toEqual({ headers: [], body: '', ended: true })
  })

  it('[3b.26] keeps the announced length of a HEAD response, even if the app sends fewer bytes or more', () => {
    const headers: HeaderPairs = [['content-length', '1000']]
    for (const chunks of [[''], ['abc'], ['a', 'b', 'c']]) {
      const response = respond({ method: 'HEAD' }, { headers }, chunks)
      expect(response).toEqual({ headers, body: '', ended: true })
    }
  })

  it('[3b.26] ends a streamed HEAD response with its head, without Transfer-Encoding', () => {
    for (const httpVersion of ['1.0', '1.1'] as const) {
      const { headers, ended } = respond({ method: 'HEAD', httpVersion }, {}, ['a', 'b', 'c'])
      expect(headers).toEqual(httpVersion === '1.0' ? [['connection', 'keep-alive']] : [])
      expect(ended).toBe(true)
    }
  })

  it('[3b.26] drops the body and the length of a 204', () => {
    const headers: HeaderPairs = [['content-length', '3']]
    for (const chunks of [[''], ['abc'], ['a', 'bc']]) {
      const response = respond({}, { status: 204, headers }, chunks)
      expect(response).toEqual({ headers: [], body: '', ended: true })
    }
  })

  it('[3b.26] drops the body of a 304 and keeps a length that the app announced', () => {
    const headers: HeaderPairs = [['content-length', '3']]
    expect(respond({}, { status: 304, headers }, [''])).toEqual({ headers, body: '', ended: true })
    expect(respond({}, { status: 304 }, ['a', 'b'])).toEqual({ headers: [], body: '', ended: true })
  })

  it('[3b.26] keeps an HTTP/1.0 connection open after a response without a body', () => {
    const facts = { httpVersion: '1.0', keepAlive: true } as const
    for (const status of [204, 304]) {
      expect(respond(facts, { status }, ['']).headers).toEqual([['connection', 'keep-alive']])
    }
  })
})

describe('HttpExchange: the other fields of the head', () => {
  it('[3a.42] adds date and server after the fields of the app', () => {
    const { headers } = respond({}, { headers: [['x', '1']] }, ['a'], NAMED)
    expect(headers).toEqual([
      ['x', '1'],
      ['content-length', '1'],
      ['date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
      ['server', 'isthmus'],
    ])
  })

  it('[3a.42] leaves date and server of the app alone, in upper and lower case', () => {
    const headers: HeaderPairs = [
      ['Server', 'mine'],
      ['DATE', 'today'],
    ]
    expect(respond({}, { headers }, ['a'], NAMED).headers).toEqual([
      ['server', 'mine'],
      ['date', 'today'],
      ['content-length', '1'],
    ])
  })

  it('[3b.23] ignores the fields with which an app would decide on framing and persistence', () => {
    const headers: HeaderPairs = [
      ['transfer-encoding', 'gzip, chunked'],
      ['keep-alive', 'timeout=99'],
      ['proxy-connection', 'keep-alive'],
      ['upgrade', 'h2c'],
      ['connection', 'keep-alive, upgrade'],
    ]
    expect(respond({}, { headers }, ['a']).headers).toEqual([['content-length', '1']])
  })

  it('sends connection: close if the client, the server or the app wants to close', () => {
    const close = ['connection', 'close']
    expect(respond({ keepAlive: false }, {}, ['a']).headers.at(-1)).toEqual(close)
    const headers: HeaderPairs = [['Connection', 'Close']]
    expect(respond({}, { headers }, ['a']).headers.at(-1)).toEqual(close)
    const exchange = new HttpExchange(
      { method: 'GET', httpVersion: '1.1', keepAlive: true, acceptsTrailers: false },
      NO_IDENTITY,
    )
    exchange.closeConnection()
    exchange.accept({ type: 'http.response.start', status: 200 })
    expect(exchange.accept({ type: 'http.response.body' })).toMatchObject({
      part: { head: { headers: [['content-length', '0'], close] } },
    })
  })

  it('sends connection: keep-alive to an HTTP/1.0 client that asked for it', () => {
    const facts = { httpVersion: '1.0', keepAlive: true } as const
    expect(respond(facts, {}, ['a']).headers.at(-1)).toEqual(['connection', 'keep-alive'])
  })
})
