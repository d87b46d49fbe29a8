// Bodies of requests on the wire: Expect, HEAD, chunked uploads, bodies that the app does not read.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from './browser.ts'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { RawClient } from '../raw/raw-client.ts'
import type { Hosted } from './hosted.ts'

const SUITES = [
  ['Flask', 'flask', 'wsgi', 'flask_shop:app'],
  ['Starlette', 'starlette', 'asgi', 'starlette_app:app'],
] as const

describe.each(SUITES)('a request to a %s app', (_name, module, kind, spec) => {
  const { python, missing, note } = pythonWith([module])
  describe.skipIf(missing)(`with a body${note}`, () => {
    let app: Hosted
    beforeAll(async () => {
      app = await hosted(spec, { interface: kind, python, files: { 'paper.txt': 'x'.repeat(300) } })
    }, 60_000)
    afterAll(() => app.close(), 60_000)

    const chunked = (client: RawClient, path: string, chunks: string[]): void => {
      client.send(`POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`)
      for (const chunk of chunks) client.send(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)
      client.send('0\r\n\r\n')
    }

    it('is asked to continue when the app reads', async () => {
      using client = await app.connect()
      client.send(
        'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n',
      )
      expect((await client.head()).status).toBe(100)
      client.send('body')
      const { status, body } = await client.response()
      expect([status, JSON.parse(body)]).toMatchObject([200, { size: 4, sha256: sha256('body') }])
    })

    it('in chunks reaches the app whole', async () => {
      using client = await app.connect()
      const chunks = ['a', 'bc'.repeat(40_000), 'd'.repeat(200_000)]
      chunked(client, '/echo', chunks)
      const { body } = await client.response()
      expect(JSON.parse(body)).toMatchObject({ size: 280_001, sha256: sha256(chunks.join('')) })
    })

    it('in chunks that are empty reaches the app', async () => {
      using client = await app.connect()
      chunked(client, '/echo', [])
      expect(JSON.parse((await client.response()).body)).toMatchObject({ size: 0 })
    })

    it('is answered if the app does not read', async () => {
      using client = await app.connect()
      client.send(`POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n`)
      client.send('x'.repeat(1000))
      const { status, body } = await client.response()
      expect([status, body]).toEqual([200, 'the body is not read'])
    })

    it('by HEAD gets the head of GET and no body', async () => {
      const path = kind === 'wsgi' ? '/manual' : '/static/paper.txt'
      using client = await app.connect()
      client.send(`HEAD ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      const { status, headers } = await client.head()
      const fields = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]))
      expect(status).toBe(200)
      expect(fields.get('content-length')).toBe(kind === 'wsgi' ? '320000' : '300')
      expect(await client.rest()).toBe('')
    })
  })
})

const flask = pythonWith(['flask'])
describe.skipIf(flask.missing)(`Werkzeug${flask.note}`, () => {
  it('reads a chunked body, as wsgi.input_terminated allows', async () => {
    const shop = await hosted('flask_shop:app', { interface: 'wsgi', python: flask.python })
    try {
      using client = await shop.connect()
      client.send('POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
      client.send('3\r\nabc\r\n0\r\n\r\n')
      const echo = JSON.parse((await client.response()).body) as unknown
      expect(echo).toMatchObject({ terminated: true, length: null, size: 3 })
    } finally {
      await shop.close()
    }
  }, 60_000)
})
