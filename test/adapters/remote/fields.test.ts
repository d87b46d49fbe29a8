// The fields on their way, without I/O: tables and properties.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { namedFields } from '../../../src/adapters/remote/hop-by-hop.ts'
import { requestFields } from '../../../src/adapters/remote/request-fields.ts'
import { requestPath } from '../../../src/adapters/remote/request-path.ts'
import { responseHead, responseTrailers } from '../../../src/adapters/remote/response-head.ts'
import { httpScope } from '../../bridge/host.ts'
import type { HeaderPairs, HttpScope } from 'isthmus'

type Settings = Parameters<typeof requestFields>[2]

const SETTINGS: Settings = { host: 'keep', forwarded: 'none', mountPath: 'keep' }

function scopeOf(change: Partial<HttpScope> = {}): HttpScope {
  return { ...httpScope(), client: ['192.0.2.7', 5], scheme: 'https', ...change }
}

function fieldsOf(
  headers: HeaderPairs,
  settings: Partial<Settings> = {},
  change: Partial<HttpScope> = {},
): HeaderPairs {
  const flat = requestFields(scopeOf({ headers, ...change }), 'up:3000', {
    ...SETTINGS,
    ...settings,
  })
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at]!, flat[2 * at + 1]!])
}

const bytes = (fields: HeaderPairs): Buffer[] =>
  fields.flatMap(([name, value]) => [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')])

describe('the fields of a request', () => {
  it.each<[string, string | undefined, string]>([
    ['keep', 'a.example', 'a.example'],
    ['keep', undefined, 'up:3000'],
    ['target', 'a.example', 'up:3000'],
    ['b.example', 'a.example', 'b.example'],
  ])('have with host %s and the Host %s of the client the Host %s', (host, sent, expected) => {
    const headers: HeaderPairs = sent === undefined ? [] : [['host', sent]]
    expect(fieldsOf(headers, { host })).toEqual([['host', expected]])
  })

  it.each<[Settings['forwarded'], string[]]>([
    ['none', []],
    ['forwarded', ['forwarded']],
    [
      'x-forwarded',
      ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'],
    ],
  ])('with forwarded %s name the client in %j', (forwarded, names) => {
    const fields = fieldsOf([['host', 'a']], { forwarded })
    expect(fields.slice(1).map(([name]) => name)).toEqual(names)
  })

  it.each<[HttpScope['client'], string, string]>([
    [['192.0.2.7', 5], 'a.example:8443', 'for=192.0.2.7;proto=https;host="a.example:8443"'],
    [['2001:db8::7', 5], 'a', 'for="[2001:db8::7]";proto=https;host="a"'],
    [null, 'a', 'for=unknown;proto=https;host="a"'],
  ])('write Forwarded for the client %j and the Host %s', (client, host, element) => {
    const fields = fieldsOf([['host', host]], { forwarded: 'forwarded' }, { client })
    expect(fields.at(-1)).toEqual(['forwarded', element])
  })

  it('lose a name that a server would fold into another one', () => {
    const headers: HeaderPairs = [
      ['host', 'a'],
      ['x_forwarded_for', '6.6.6.6'],
      ['content_length', '5'],
      ['x_user', 'b'],
      ['x-user', 'a'],
      ['x_own', 'c'],
    ]
    expect(fieldsOf(headers).map(([name]) => name)).toEqual(['host', 'x-user', 'x_own'])
  })

  it('with mountPath strip name the mount', () => {
    const fields = fieldsOf([['host', 'a']], { mountPath: 'strip' }, { rootPath: '/ä b' })
    expect(fields.at(-1)).toEqual(['x-forwarded-prefix', '/%C3%A4%20b'])
  })

  it('never have a field of the connection, a claim about the client or a length, from any client', () => {
    const names =
      'connection keep-alive te trailer transfer-encoding upgrade expect proxy x-forwarded-for x_forwarded_for ' +
      'forwarded x-real-ip content-length content_length cookie x-own proxy-authorization http2-settings'
    const name = fc.constantFrom(...names.split(' '))
    const value = fc.constantFrom('x-own', 'close', 'cookie, x-own', '1', 'chunked')
    const forbidden =
      /^(?:connection|keep-alive|trailer|transfer-encoding|upgrade|expect|proxy.*|x.forwarded.*|forwarded|x-real-ip|content.length|http2.*)$/
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (headers) => {
        const kept = fieldsOf([['host', 'a'], ...headers]).map(([field]) => field)
        expect(kept.filter((field) => forbidden.test(field))).toEqual([])
        const sent = headers.filter(([field]) => field === 'cookie').length
        expect(kept.filter((field) => field === 'cookie')).toHaveLength(sent)
      }),
    )
  })
})

describe('namedFields()', () => {
  it.each<[string, string[] | undefined]>([
    ['keep-alive', undefined],
    ['close', undefined],
    ['X-One, x-two', ['x-one', 'x-two']],
    ['Host, Content-Length, X-Forwarded-For, Authorization', []],
  ])('of %s are %j', (connection, names) => {
    const named = namedFields(connection)
    expect(named && [...named]).toEqual(names)
  })
})

describe('the path', () => {
  it.each<[string, Partial<HttpScope>, Partial<Settings>, string]>([
    [
      'as the client sent it',
      { rawPath: '/a%2Fb/../c', path: '/a/b/../c', queryString: 'x=%20' },
      {},
      '/a%2Fb/../c?x=%20',
    ],
    ['below a mount, whole', { rawPath: '/old/a', path: '/old/a', rootPath: '/old' }, {}, '/old/a'],
    [
      'below a mount, stripped',
      { rawPath: '/old/a%2F', path: '/old/a/', rootPath: '/old' },
      { mountPath: 'strip' },
      '/a%2F',
    ],
    [
      'at a mount, stripped',
      { rawPath: '/old', path: '/old', rootPath: '/old' },
      { mountPath: 'strip' },
      '/',
    ],
    ['as a middleware has changed it', { rawPath: '/a', path: '/b c' }, {}, '/b%20c'],
  ])('is %s', (_title, change, settings, path) => {
    expect(
      requestPath(scopeOf({ queryString: '', rootPath: '', ...change }), {
        ...SETTINGS,
        ...settings,
      }),
    ).toBe(path)
  })
})

describe('the head of a response', () => {
  it('loses the fields of its connection, and a length beside chunks', () => {
    const { headers, length, isChunked } = responseHead(
      bytes([
        ['Content-Type', 'text/plain'],
        ['Connection', 'X-Own, Set-Cookie'],
        ['X-Own', '1'],
        ['Set-Cookie', 'a=b'],
        ['Transfer-Encoding', 'Chunked'],
        ['Content-Length', '7'],
        ['Trailer', 'x-sum'],
      ]),
    )
    expect(headers).toEqual([
      ['content-type', 'text/plain'],
      ['set-cookie', 'a=b'],
    ])
    expect([length, isChunked]).toEqual([-1, true])
  })

  it('keeps each octet of a value', () => {
    const all = Array.from({ length: 128 }, (_, at) => String.fromCharCode(at + 128)).join('')
    expect(responseHead(bytes([['x', all]])).headers).toEqual([['x', all]])
  })

  it('says that its body has a coding that the client would not undo', () => {
    expect(responseHead(bytes([['Transfer-Encoding', 'gzip, chunked']])).foreignCoding).toBe(
      'gzip, chunked',
    )
  })

  it('has trailers without fields of the connection', () => {
    expect(
      responseTrailers(
        bytes([
          ['X-Sum', '1'],
          ['Connection', 'close'],
        ]),
      ),
    ).toEqual([['x-sum', '1']])
  })
})
