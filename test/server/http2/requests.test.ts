// Requests and responses over HTTP/2, on both HTTP/1.1 engines.

import { describe, expect, it } from 'vitest'
import { getHeader } from '../../../src/http/headers.ts'
import { answer, httpApp, readAll, served } from '../../raw/served.ts'
import { StreamClient } from './stream-client.ts'
import type { HttpScope } from 'isthmus'
import type { Served } from '../../raw/served.ts'

const ENGINES = ['native', 'node'] as const

const view = httpApp(async (scope, receive, send) => {
  const body = (await readAll(receive)).toString('latin1')
  const { httpVersion, method, path, queryString, scheme, headers } = scope
  await answer(
    send,
    JSON.stringify({ httpVersion, method, path, queryString, scheme, headers, body }),
  )
})

type Seen = Pick<HttpScope, 'httpVersion' | 'method' | 'path' | 'queryString' | 'headers'> & {
  body: string
}

async function seenBy(server: Served, asked: Parameters<StreamClient['ask']>[0]): Promise<Seen> {
  using client = new StreamClient(server.server.url)
  const { body } = await client.ask(asked)
  return JSON.parse(Buffer.from(body ?? '', 'latin1').toString()) as Seen
}

describe.each(ENGINES)('beside the engine %s', (engine) => {
  it('[3b.10] a request has the scope of HTTP/1.1, and the version 2', async () => {
    await using server = await served(view, { http2: true, engine })
    const { host } = new URL(server.server.url)
    expect(await seenBy(server, { path: '/a%20b?q=1', headers: [['x-own', 'caf\xe9']] })).toEqual({
      httpVersion: '2',
      method: 'GET',
      path: '/a b',
      queryString: 'q=1',
      scheme: 'http',
      headers: [
        ['host', host],
        ['x-own', 'caf\xe9'],
      ],
      body: '',
    })
  })

  it('a client of HTTP/1.1 is served on the same port', async () => {
    await using server = await served(view, { http2: true, engine })
    using client = await server.connect()
    // A method that begins like the preface, in pieces.
    await client.sendApart('P')
    await client.sendApart('R')
    client.send('OPFIND /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi')
    const first = await client.response()
    expect(JSON.parse(first.body)).toMatchObject({
      httpVersion: '1.1',
      method: 'PROPFIND',
      body: 'hi',
    })
    client.send('GET /again HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(JSON.parse((await client.response()).body)).toMatchObject({ path: '/again' })
  })

  it('a body with its length, and one of unknown length', async () => {
    await using server = await served(view, { http2: true, engine })
    const known = await seenBy(server, { method: 'POST', body: 'hello' })
    expect([getHeader(known.headers, 'content-length'), known.body]).toEqual(['5', 'hello'])
    const unknown = await seenBy(server, { method: 'POST', body: ['one', 'two'] })
    expect([getHeader(unknown.headers, 'transfer-encoding'), unknown.body]).toEqual([
      'chunked',
      'onetwo',
    ])
  })
})
