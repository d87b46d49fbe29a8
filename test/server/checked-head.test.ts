import { describe, expect, it } from 'vitest'
import { checkedHead } from '../../src/server/checked-head.ts'
import { UNKNOWN_ENDS } from './request-head.ts'
import type { HeaderPairs } from '../../src/contract/events.ts'
import type { RequestHead } from '../../src/http/request-head.ts'
import type { ReadHead } from '../../src/server/checked-head.ts'

const HOST: [string, string] = ['host', 'example.org']

function headOf(parts: Partial<ReadHead> = {}, maxHeaderFields = 100): RequestHead {
  const head: ReadHead = {
    method: 'GET',
    target: '/',
    httpVersion: '1.1',
    headers: [HOST],
    expectsContinue: false,
    ends: UNKNOWN_ENDS,
  }
  return checkedHead({ ...head, ...parts }, maxHeaderFields)
}

/** The status of the fault; 200 without one. */
function statusOf(parts: Partial<ReadHead>, maxHeaderFields = 100): number {
  return headOf(parts, maxHeaderFields).fault?.status ?? 200
}

function withFields(...fields: HeaderPairs): Partial<ReadHead> {
  return { headers: [HOST, ...fields] }
}

describe('a checked head', () => {
  it('has the parts of the request, and refers to the ends of its connection', () => {
    const headers: HeaderPairs = [HOST, ['x', '1'], ['x', '2']]
    const head = headOf({ method: 'POST', target: '/%20?a', headers, expectsContinue: true })
    expect(head).toEqual({
      method: 'POST',
      target: '/%20?a',
      parsedTarget: { path: '/ ', rawPath: '/%20', queryString: 'a', authority: null },
      httpVersion: '1.1',
      headers,
      keepAlive: true,
      acceptsTrailers: false,
      expectsContinue: true,
      hasBody: false,
      contentLength: null,
      hasUnderscore: false,
      ends: UNKNOWN_ENDS,
      fault: null,
    })
    expect(head.headers).toBe(headers)
    expect(head.ends).toBe(UNKNOWN_ENDS)
  })

  it('has a body if its fields announce one that is not empty', () => {
    const length = (value: string): RequestHead => headOf(withFields(['content-length', value]))
    expect(length('5')).toMatchObject({ hasBody: true, contentLength: 5 })
    expect(length('0')).toMatchObject({ hasBody: false, contentLength: 0 })
    const chunked = headOf(withFields(['transfer-encoding', 'chunked']))
    expect(chunked).toMatchObject({ hasBody: true, contentLength: null })
  })

  it('accepts trailers if any TE field lists them', () => {
    expect(headOf(withFields(['te', 'gzip, Trailers'])).acceptsTrailers).toBe(true)
    expect(headOf(withFields(['te', 'gzip'], ['te', 'trailers'])).acceptsTrailers).toBe(true)
    expect(headOf(withFields(['te', 'trailers;q=1'])).acceptsTrailers).toBe(false)
  })

  it('knows whether a name has an underscore', () => {
    expect(headOf(withFields(['a_b', '1'])).hasUnderscore).toBe(true)
    expect(headOf(withFields(['a-b', '_'])).hasUnderscore).toBe(false)
  })
})

describe('a head with a fault', () => {
  it('[3a.16] has more fields than the limit', () => {
    const headers: HeaderPairs = [HOST, ['x', '1'], ['x', '2']]
    expect(statusOf({ headers }, 3)).toBe(200)
    expect(statusOf({ headers }, 2)).toBe(431)
  })

  it('lacks Host in HTTP/1.1, or has more than one Host', () => {
    expect(statusOf({ headers: [] })).toBe(400)
    expect(statusOf({ headers: [], httpVersion: '1.0' })).toBe(200)
    for (const httpVersion of ['1.0', '1.1'] as const) {
      expect(statusOf({ headers: [HOST, HOST], httpVersion })).toBe(400)
    }
  })

  it('is not one whose Host has a form that an authority can have, even an empty one', () => {
    const hosts = [
      '',
      'a',
      'a.b:80',
      'a_b',
      '[::1]',
      '[::1]:80',
      '127.0.0.1:',
      'a%20b',
      "!$&'()*+,;=",
    ]
    for (const host of hosts) expect(statusOf({ headers: [['host', host]] })).toBe(200)
  })

  it('has a Host that could be taken for more than a host', () => {
    const hosts = ['a b', 'a/b', 'a@b', 'a?b', 'a#b', 'a\\b', '[::1', '::1', 'a:b', 'a:80:80', 'é']
    for (const host of hosts) expect(statusOf({ headers: [['host', host]] })).toBe(400)
  })

  it('has an authority in its target that is no host, or no Host beside a good one', () => {
    expect(statusOf({ target: 'http://a.example/' })).toBe(200)
    expect(statusOf({ target: 'http://a\\b/' })).toBe(400)
    expect(statusOf({ target: 'http://a.example/', headers: [] })).toBe(400)
  })

  it('has a transfer coding that leaves the end of its body in doubt', () => {
    const coded = (value: string): number => statusOf(withFields(['transfer-encoding', value]))
    expect(coded('Chunked')).toBe(200)
    expect(coded('gzip, chunked')).toBe(501)
    expect(coded('chunked, gzip')).toBe(400)
    const old = { ...withFields(['transfer-encoding', 'chunked']), httpVersion: '1.0' } as const
    expect(statusOf(old)).toBe(400)
  })

  it('says the fault of its target before a fault of its fields', () => {
    const { fault } = headOf({ target: '/%00', headers: [] })
    expect(fault?.message).toBe('the request path has a %00')
  })
})

describe('a connection', () => {
  function keepsAlive(httpVersion: '1.0' | '1.1', ...connection: string[]): boolean {
    const fields = connection.map((value): [string, string] => ['connection', value])
    return headOf({ httpVersion, headers: [HOST, ...fields] }).keepAlive
  }

  it('is kept by HTTP/1.1 unless any Connection field lists close', () => {
    expect(keepsAlive('1.1')).toBe(true)
    expect(keepsAlive('1.1', 'x, Close')).toBe(false)
    expect(keepsAlive('1.1', 'keep-alive', 'close')).toBe(false)
  })

  it('is kept by HTTP/1.0 for a client that asks for it, and does not ask for close', () => {
    expect(keepsAlive('1.0')).toBe(false)
    expect(keepsAlive('1.0', 'x', 'Keep-Alive')).toBe(true)
    expect(keepsAlive('1.0', 'keep-alive, close')).toBe(false)
  })

  it('is not ended by a text that only looks like close: NBSP is no white space', () => {
    expect(keepsAlive('1.1', '\xa0close')).toBe(true)
  })
})
