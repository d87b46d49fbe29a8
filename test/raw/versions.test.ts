// The versions of HTTP that are served, HTTP/1.0 and HTTP/1.1, and the refusals of all others (RFC 9110, 15.6.6).

import { describe, expect, it } from 'vitest'
import { engine } from '../engine.ts'
import { answer, httpApp, readAll, served } from './served.ts'

const app = httpApp(async (_scope, receive, send) => {
  await readAll(receive)
  await answer(send, 'served')
})
const HOST = '\r\nHost: x\r\n'
const SERVED = ['HTTP/1.0', 'HTTP/1.1']
const OTHERS = ['HTTP/0.9', 'HTTP/1.2', 'HTTP/1.9', 'HTTP/2.0', 'HTTP/3.0', 'HTTP/9.9', 'HTTP/0.0']
const NONE = [
  'http/1.1',
  'Http/1.1',
  'HTTP/11',
  'HTTP/1.10',
  'HTTP/1,1',
  'HTTP/1.',
  'HTTP/.1',
  'HTTP/',
  'HTTP',
  'HTTPS/1.1',
  'ICE/1.0',
  'HTTP/1.1 ',
  'HTTP/1.1x',
  'HTTP/x.1',
  'HTTP/1.x',
  'HTTP/-1.1',
  'HTTP/ 1.1',
  'HTTP /1.1',
]
// The parser of node:http finds no dot in them, and does not tell which of them begins with a version.
const WITHOUT_DOT = engine === 'node' ? 400 : 505

const VERSIONS: Array<[string, number]> = [
  ...SERVED.map((version): [string, number] => [version, 200]),
  ...OTHERS.map((version): [string, number] => [version, 505]),
  ...NONE.map((version): [string, number] => [version, 400]),
  ['HTTP/2', WITHOUT_DOT],
  ['HTTP/01.1', WITHOUT_DOT],
]
// Also a request with an upgrade, which node:http passes on in its own way.
const FORMS: Array<[string, (version: string) => string]> = [
  ['a GET', (version) => `GET / ${version}${HOST}\r\n`],
  ['a POST', (version) => `POST / ${version}${HOST}Content-Length: 2\r\n\r\nhi`],
  ['a HEAD', (version) => `HEAD / ${version}${HOST}\r\n`],
  ['an upgrade', (version) => `GET / ${version}${HOST}Connection: upgrade\r\nUpgrade: h2c\r\n\r\n`],
]

describe.each(FORMS)('%s', (_form, request) => {
  it.each(VERSIONS)('in the version "%s" is answered with %i', async (version, status) => {
    await using server = await served(app)
    using client = await server.connect()
    client.send(request(version))
    expect((await client.head()).status).toBe(status)
    if (status === 200) return
    client.socket.end()
    expect(await client.ended()).toBe('end')
  })
})

describe('the preface of HTTP/2', () => {
  it('is refused as an unknown method', async () => {
    await using server = await served(app)
    using client = await server.connect()
    client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    expect((await client.head()).status).toBe(501)
  })
})
