// From variables of CGI to request heads.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BadRequestError } from '../../../src/errors.ts'
import { cgiHead } from '../../../src/server/cgi/cgi-head.ts'
import type { RequestHead } from '../../../src/http/request-head.ts'

type CgiHeadParts = Parameters<typeof cgiHead>[1]
const ENDS: CgiHeadParts['ends'] = {
  client: null,
  server: ['/run/app', null],
  secure: false,
  tls: null,
}
const PARTS = { maxHeaderFields: 10, maxRequestLineBytes: 200, bodyLength: 0, ends: ENDS }

const NGINX = {
  REQUEST_METHOD: 'GET',
  REQUEST_URI: '/a%2Fb?q=1',
  SERVER_PROTOCOL: 'HTTP/1.1',
  REMOTE_ADDR: '192.0.2.7',
  REMOTE_PORT: '4711',
  SERVER_NAME: 'example.test',
  SERVER_PORT: '8080',
  HTTP_HOST: 'www.example.test:8080',
}

function head(more: Record<string, string> = {}, parts: Partial<CgiHeadParts> = {}): RequestHead {
  return cgiHead(Object.entries({ ...NGINX, ...more }), { ...PARTS, ...parts })
}

function without(name: keyof typeof NGINX, more: Record<string, string> = {}): RequestHead {
  const { [name]: _left, ...rest } = NGINX
  return cgiHead(Object.entries({ ...rest, ...more }), PARTS)
}

describe('a head has', () => {
  it('method, target, version and both ends', () => {
    const { method, target, parsedTarget, httpVersion, ends, fault } = head()
    expect({ method, target, httpVersion, fault }).toEqual({
      method: 'GET',
      target: '/a%2Fb?q=1',
      httpVersion: '1.1',
      fault: null,
    })
    expect(parsedTarget).toMatchObject({ path: '/a/b', rawPath: '/a%2Fb', queryString: 'q=1' })
    expect(ends).toEqual({
      client: ['192.0.2.7', 4711],
      server: ['example.test', 8080],
      secure: false,
      tls: null,
    })
  })

  it('the fields in order, repeated ones too, without those of the connection', () => {
    const variables: Array<[string, string]> = [
      ...Object.entries(NGINX),
      ['HTTP_X_TWICE', '1'],
      ['HTTP_CONNECTION', 'upgrade'],
      ['HTTP_UPGRADE', 'websocket'],
      ['HTTP_TRANSFER_ENCODING', 'chunked'],
      ['HTTP_TE', 'trailers'],
      ['HTTP_CONTENT_LENGTH', '99'],
      ['HTTP_X_TWICE', ' caf\xe9 '],
    ]
    const { headers, hasUnderscore, acceptsTrailers, hasBody } = cgiHead(variables, PARTS)
    expect(headers).toEqual([
      ['host', 'www.example.test:8080'],
      ['x-twice', '1'],
      ['x-twice', 'caf\xe9'],
    ])
    expect({ hasUnderscore, acceptsTrailers, hasBody }).toEqual({
      hasUnderscore: false,
      acceptsTrailers: false,
      hasBody: false,
    })
  })

  it('the fields of the body', () => {
    const post = { REQUEST_METHOD: 'POST', CONTENT_TYPE: 'text/plain' }
    const named = ([name]: [string, string]): boolean => name !== 'host'
    expect(head(post, { bodyLength: 5 }).headers.filter(named)).toEqual([
      ['content-type', 'text/plain'],
      ['content-length', '5'],
    ])
    expect(head(post).headers.filter(named)).toEqual([
      ['content-type', 'text/plain'],
      ['content-length', '0'],
    ])
    const unsized = head(post, { bodyLength: null })
    expect(unsized.headers.filter(named)).toEqual([
      ['content-type', 'text/plain'],
      ['transfer-encoding', 'chunked'],
    ])
    expect(unsized).toMatchObject({ hasBody: true, contentLength: null, fault: null })
  })

  it('the user only with the scheme of the check', () => {
    expect(head({ REMOTE_USER: 'anna', AUTH_TYPE: 'Basic' }).auth).toEqual({
      type: 'Basic',
      user: 'anna',
    })
    const without: Array<Record<string, string>> = [
      { REMOTE_USER: 'anna' },
      { REMOTE_USER: 'anna', AUTH_TYPE: '' },
      { AUTH_TYPE: 'Basic', REMOTE_USER: '' },
      { HTTP_REMOTE_USER: 'anna', HTTP_AUTH_TYPE: 'Basic' },
    ]
    for (const more of without) {
      expect(head(more)).not.toHaveProperty('auth')
    }
  })

  it('the last value of a variable that is repeated', () => {
    const variables: Array<[string, string]> = [...Object.entries(NGINX), ['REQUEST_METHOD', 'PUT']]
    expect(cgiHead(variables, PARTS).method).toBe('PUT')
  })
})

describe('the target', () => {
  it.each([
    ['/cgi-bin/app', '/a b/ü', 'q=1', '/cgi-bin/app/a%20b/%FC?q=1'],
    ['', '/50%', '', '/50%25'],
    ['', '/a?b#c', '', '/a%3Fb%23c'],
    ['', '', '', '/'],
  ])(
    'of SCRIPT_NAME "%s", PATH_INFO "%s", QUERY_STRING "%s" is %s',
    (script, path, query, target) => {
      const facts = { SCRIPT_NAME: script, PATH_INFO: path, QUERY_STRING: query }
      expect(without('REQUEST_URI', facts).target).toBe(target)
    },
  )

  it('of a script is REQUEST_URI only if both mean the same path', () => {
    const script = { SCRIPT_NAME: '/app', PATH_INFO: '/a/b', QUERY_STRING: 'q' }
    expect(head({ ...script, REQUEST_URI: '/app/a%2Fb?x' }, { isScript: true }).target).toBe(
      '/app/a%2Fb?x',
    )
    expect(head({ ...script, REQUEST_URI: '/nice' }, { isScript: true }).target).toBe('/app/a/b?q')
  })
})

describe('the ends', () => {
  it.each([
    [{ HTTPS: 'on' }, true],
    [{ HTTPS: '1' }, true],
    [{ HTTPS: 'off' }, false],
    [{ HTTPS: '' }, false],
    [{ REQUEST_SCHEME: 'https' }, true],
  ])('are under TLS by %j: %s', (more, secure) => {
    expect(head(more).ends.secure).toBe(secure)
  })

  it('have no client for a unix socket, and no port that is none', () => {
    expect(head({ REMOTE_ADDR: 'unix:' }).ends.client).toBeNull()
    expect(head({ REMOTE_ADDR: '::1', REMOTE_PORT: '70000' }).ends.client).toEqual(['::1', 0])
  })

  it('have the server of the connection if the variables tell none', () => {
    expect(without('SERVER_NAME').ends.server).toEqual(['/run/app', null])
    expect(head({ SERVER_ADDR: '192.0.2.1' }).ends.server).toEqual(['192.0.2.1', 8080])
  })
})

describe('the host', () => {
  it('is the last one, which the configuration of the web server sets', () => {
    const variables: Array<[string, string]> = [...Object.entries(NGINX), ['HTTP_HOST', 'own.test']]
    const { headers, fault } = cgiHead(variables, PARTS)
    expect({ headers, fault }).toEqual({ headers: [['host', 'own.test']], fault: null })
  })

  it('comes from the server if the client sends none', () => {
    expect(without('HTTP_HOST').headers[0]).toEqual(['host', 'example.test:8080'])
    expect(without('HTTP_HOST', { SERVER_PORT: '80' }).headers[0]).toEqual(['host', 'example.test'])
    const tls = { SERVER_PORT: '443', HTTPS: 'on' }
    expect(without('HTTP_HOST', tls).headers[0]).toEqual(['host', 'example.test'])
  })
})

describe('is refused:', () => {
  it.each([
    [{ REQUEST_METHOD: '' }, 400, 'REQUEST_METHOD is missing or no method'],
    [{ REQUEST_METHOD: 'GE T' }, 400, 'REQUEST_METHOD is missing or no method'],
    [{ REQUEST_URI: `/${'x'.repeat(200)}` }, 414, 'the request line is too long'],
    [{ HTTP_X: 'a\nb' }, 400, 'the variable "HTTP_X" is no header field'],
    [{ 'HTTP_A B': '1' }, 400, 'the variable "HTTP_A B" is no header field'],
    [{ HTTP_: '1' }, 400, 'the variable "HTTP_" is no header field'],
    [{ AUTH_TYPE: 'Basic', REMOTE_USER: 'ann\xe9' }, 400, 'REMOTE_USER is not UTF-8'],
    [{ CONTENT_TYPE: 'a\rb' }, 400, 'CONTENT_TYPE is no field value'],
  ])('%j with %i', (more, status, message) => {
    const refused = new BadRequestError(message, status)
    expect(() => head(more)).toThrow(refused)
  })

  it.each([
    [{ REQUEST_URI: 'nowhere' }, 400],
    [{ REQUEST_URI: '/a b' }, 400],
    [{ REQUEST_URI: '/%00' }, 400],
    [{ HTTP_HOST: 'a/b' }, 400],
    [Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`HTTP_X_${at}`, '1'])), 431],
  ])('%j by a fault of the head, %i', (more, status) => {
    expect(head(more).fault?.status).toBe(status)
  })
})

it('any variables make a head whose fields and target are clean, or a refusal', () => {
  const octets = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 8,
  })
  const names = [...Object.keys(NGINX), 'HTTP_X', 'CONTENT_TYPE', 'SCRIPT_NAME', 'PATH_INFO']
  const name = fc.oneof(
    fc.constantFrom(...names, 'QUERY_STRING', 'HTTP_COOKIE'),
    octets.map((text) => `HTTP_${text}`),
  )
  const value = fc.oneof(fc.constantFrom('*', 'OPTIONS', 'http://x/', '/a%2', 'x:y', ''), octets)
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (variables) => {
      let made: RequestHead
      try {
        made = cgiHead([...Object.entries(NGINX), ...variables], PARTS)
      } catch (error) {
        expect(error).toBeInstanceOf(BadRequestError)
        return
      }
      if (made.fault !== null) return
      expect(made.target).toMatch(/^[\x21-\x7E]+$/)
      for (const [field, text] of made.headers) {
        expect(field).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/)
        expect(text).not.toMatch(/[\r\n\0]/)
      }
    }),
    { seed: 17, numRuns: 200 },
  )
})
