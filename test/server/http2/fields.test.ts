// Heads and trailers of apps that node:http2 refuses, or that a client would refuse.

import { describe, expect, it } from 'vitest'
import { httpApp, served } from '../../raw/served.ts'
import { StreamClient } from './stream-client.ts'
import type { HeaderPairs } from 'isthmus'
import type { Http2Answer } from './stream-client.ts'

interface Said {
  status?: number
  headers?: HeaderPairs
  trailers?: HeaderPairs
}

async function answered({ status = 200, headers = [], trailers }: Said): Promise<Http2Answer> {
  const app = httpApp(async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status, headers, trailers: trailers !== undefined })
    await send({ type: 'http.response.body', body: 'body' })
    if (trailers) await send({ type: 'http.response.trailers', headers: trailers })
  })
  await using server = await served(app, { http2: true, dateHeader: false, serverHeader: null })
  using client = new StreamClient(server.server.url)
  return await client.ask({ headers: [['te', 'trailers']] })
}

describe('[3b.10] a field about the connection', () => {
  const names = ['connection', 'http2-settings', 'keep-alive', 'proxy-connection', 'te', 'upgrade']

  it.each(names)('is dropped from the head: %s', async (name) => {
    const headers: HeaderPairs = [
      [name, 'x'],
      ['x-own', '1'],
    ]
    const found = await answered({ headers })
    expect(found).toMatchObject({ status: 200, body: 'body' })
    expect(found.headers).toEqual([
      ['x-own', '1'],
      ['content-length', '4'],
    ])
  })

  it.each(['http2-settings', 'proxy-connection'])('is dropped from trailers: %s', async (name) => {
    const trailers: HeaderPairs = [
      [name, 'x'],
      ['x-sum', '1'],
    ]
    expect(await answered({ trailers })).toMatchObject({ body: 'body', trailers: [['x-sum', '1']] })
  })
})

describe('a field', () => {
  it.each(['constructor', '__proto__', 'tostring'])(
    'with the name %s has its value',
    async (name) => {
      const headers: HeaderPairs = [
        [name, 'a'],
        [name, 'b'],
      ]
      expect((await answered({ headers })).headers).toContainEqual([name, 'a, b'])
    },
  )

  it('has no white space around its value (RFC 9113, 8.2.1)', async () => {
    const found = await answered({
      headers: [['x-own', ' \ta b\xa0\t ']],
      trailers: [['x-sum', ' 1']],
    })
    expect(found.headers).toEqual([['x-own', 'a b\xa0']])
    expect(found.trailers).toEqual([['x-sum', '1']])
  })
})

describe('a status', () => {
  it('of 205 has no length, also if the body of the app comes whole', async () => {
    const found = await answered({ status: 205 })
    expect([found.status, found.headers, found.body]).toEqual([205, [], ''])
    const told = await answered({ status: 205, headers: [['content-length', '4']] })
    expect([told.status, told.headers, told.body]).toEqual([205, [], ''])
  })

  it.each([600, 999])('above 599 is an error of the app: %d', async (status) => {
    expect((await answered({ status })).status).toBe(500)
  })

  it.each([299, 599])('up to 599 is sent: %d', async (status) => {
    expect(await answered({ status })).toMatchObject({ status, body: 'body' })
  })
})
