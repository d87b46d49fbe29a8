// A head is refused by the test client as it is refused on a socket: with the same status, and the same last words.

import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { sync } from '../../src/bridge/style.ts'
import { serve } from '../../src/server/serve.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { HeaderPairs } from '../../src/contract/events.ts'
import type { TestRequest } from '../../src/testing/request.ts'

const app = sync((environ, startResponse) => {
  const body = environ['wsgi.input'].read()
  startResponse('200 OK', [])
  const fields = Object.keys(environ).filter((key) => /^(?:HTTP|CONTENT)_/.test(key))
  return [
    JSON.stringify([fields.map((key) => [key, environ[key]]), environ.REQUEST_METHOD, body.length]),
  ]
})

interface Answer {
  status: number
  connection: string | undefined
  body: string
}

interface Line {
  method?: string
  target?: string
  version?: string
}

async function bySocket(line: Line, headers: HeaderPairs, body: string): Promise<Answer> {
  await using server = await serve(app, { port: 0, log: null, drainIdleMs: 1 })
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname).setTimeout(10_000, () => socket.destroy())
  const { method = 'POST', target = '/', version = '1.1' } = line
  const fields = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `${method} ${target} HTTP/${version}\r\n${fields}\r\n`
  socket.end(Buffer.from(head + body, 'latin1'))
  const answer = (await text(socket)).replace('HTTP/1.1 100 Continue\r\n\r\n', '')
  const [answered = '', ...rest] = answer.split('\r\n\r\n')
  const connection = /^connection: (.*)$/m.exec(answered)?.[1]
  return { status: Number(answered.slice(9, 12)), connection, body: rest.join('\r\n\r\n') }
}

async function inProcess(line: Line, request: TestRequest): Promise<Answer> {
  await using client = await testClient(app)
  const { method = 'POST', target = '/', version = '1.1' } = line
  const answer = await client.request(method, target, { ...request, httpVersion: version as '1.1' })
  const { status, headers } = answer
  return { status, connection: headers.get('connection'), body: answer.text() }
}

describe('the fields of a request', () => {
  const sized = (...headers: HeaderPairs): [HeaderPairs, string] => [headers, 'abc']
  const chunked = (...headers: HeaderPairs): [HeaderPairs, string] => [
    headers,
    '3\r\nabc\r\n0\r\n\r\n',
  ]
  const bare = (...headers: HeaderPairs): [HeaderPairs, string] => [headers, '']

  it.each([
    sized(['content-length', '3']),
    sized(['content-length', '0003']),
    sized(['content-length', '3'], ['content-length', '3']),
    sized(['content-length', '3'], ['content-length', '4']),
    sized(['content-length', '3, 3']),
    sized(['content-length', '+3']),
    sized(['content-length', '3.0']),
    sized(['content-length', '0x3']),
    sized(['content-length', '']),
    sized(['content-length', '99999999999999999999']),
    sized(['content-length', '3'], ['expect', '100-continue']),
    sized(['content-length', '3'], ['expect', 'x']),
    sized(['content-length', '3'], ['content-encoding', 'gzip']),
    chunked(['transfer-encoding', 'chunked']),
    chunked(['transfer-encoding', 'Chunked']),
    chunked(['transfer-encoding', 'chunked'], ['content-length', '3']),
    chunked(['transfer-encoding', 'chunked, chunked']),
    chunked(['transfer-encoding', 'gzip']),
    chunked(['transfer-encoding', 'gzip, chunked']),
    chunked(['transfer-encoding', '']),
    bare(['host', 'a'], ['host', 'a']),
    bare(['host', 'a%zz']),
    bare(['host', 'a b']),
    bare(['host', '']),
    bare(['connection', 'close']),
    bare(['connection', 'upgrade'], ['upgrade', 'h2c']),
    bare(['te', 'trailers'], ['trailer', 'x-sum']),
    bare(['cookie', 'a=1'], ['cookie', 'b=2']),
    bare(['x_a', '1'], ['x-a', '2'], ['x-a', '3']),
    bare(...Array.from({ length: 101 }, (_none, at): [string, string] => [`x-${at}`, '1'])),
  ])('reach the app, or are refused, as on a socket: %j', async (fields, body) => {
    const hasHost = fields.some(([name]) => name === 'host')
    const headers: HeaderPairs = hasHost ? fields : [['host', 'a'], ...fields]
    // The type that the test client would add is not on the socket.
    headers.push(['content-type', 'a/b'])
    const mine = await inProcess({}, { headers, ...(body !== '' && { body: 'abc' }) })
    expect(mine).toEqual(await bySocket({}, headers, body))
  })
})

describe('the line of a request', () => {
  it.each([
    { method: '' },
    { method: 'G T' },
    { method: 'G:T' },
    { method: 'get' },
    { method: 'x'.repeat(300) },
    { method: 'G\u00c9T' },
    { method: 'CONNECT' },
    { method: 'GET / HTTP/1.1\r\nx: y\r\n\r\nPOST' },
    { target: '' },
    { target: 'x' },
    { target: '*' },
    { target: '/a b' },
    { target: '/a#b' },
    { target: '/\u00fc' },
    { target: '//a' },
    { target: 'http://b/y' },
    { target: '/ HTTP/1.1\r\nx: y\r\n\r\nPOST /' },
    { version: '1.0' },
    { version: '1.2' },
    { version: '2.0' },
    { version: '1' },
  ])('is refused or taken as on a socket: %j', async (line) => {
    const headers: HeaderPairs = [['host', 'a']]
    const [mine, theirs] = [await inProcess(line, { headers }), await bySocket(line, headers, '')]
    // A line with a break is one refused request here, and two requests on the socket.
    if (JSON.stringify(line).includes('\\r')) expect(mine.status).toBe(400)
    else expect(mine).toEqual(theirs)
  })

  it.each(['G\u0147T', 'G\u20acT'])(
    'is refused with a method that latin-1 does not have: %s',
    async (method) => {
      expect((await inProcess({ method }, {})).status).toBe(400)
    },
  )

  it.each([undefined, null, 5, {}])('consists of texts, not of %o', async (value) => {
    await using client = await testClient(app)
    const fault = 'the method and the target of a request are strings'
    await expect(client.get(value as never)).rejects.toThrow(fault)
    await expect(client.request(value as never, '/')).rejects.toThrow(fault)
    await expect(client.websocket(value as never)).rejects.toThrow(fault)
  })
})

describe('headers that are no list and no object', () => {
  it.each([null, 'x: y', 5])('are refused: %o', async (headers) => {
    await using client = await testClient(app)
    await expect(client.get('/', { headers: headers as never })).rejects.toThrow(
      /^"headers" cannot be .+: pass an object, pairs in order, or a Headers$/,
    )
  })
})
