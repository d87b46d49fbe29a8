// A handler behaves under fromNode() as under node:http. Each expectation holds for both.

import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { fromNode } from 'isthmus/adapters'
import { headerOf } from '../../raw/raw-response.ts'
import { served } from '../../raw/served.ts'
import { FRAMING, SUBJECTS } from './subjects.ts'
import type { IncomingMessage } from 'node:http'
import type { RawResponse } from '../../raw/raw-response.ts'
import type { NodeHandler } from 'isthmus/adapters'

const HOST = 'Host: example.test\r\n'
describe.each(SUBJECTS)('a handler under $name', ({ name, host }) => {
  async function ask(handler: NodeHandler, head: string, body = ''): Promise<RawResponse> {
    await using hosted = await host(handler)
    using client = await hosted.connect()
    client.send(`${head} HTTP/1.1\r\n${HOST}${body === '' ? '\r\n' : body}`)
    return await client.response(head.split(' ')[0])
  }
  const get = (handler: NodeHandler): Promise<RawResponse> => ask(handler, 'GET /')
  const post = (handler: NodeHandler, body: string): Promise<RawResponse> =>
    ask(handler, 'POST /', `Content-Length: ${body.length}\r\n\r\n${body}`)
  const fieldsOf = ({ headers }: RawResponse): Array<[string, string]> =>
    headers
      .map(([field, value]): [string, string] => [field.toLowerCase(), value])
      .filter(([field]) => !FRAMING.includes(field))

  describe('the head of its response', () => {
    it('has the status and the fields of writeHead() with an object', async () => {
      const response = await get((_req, res) => {
        res.writeHead(201, { 'X-A': 'b', 'Set-Cookie': ['a=1', 'b=2'], 'X-N': 3 }).end('made')
      })
      expect(response.status).toBe(201)
      expect(fieldsOf(response)).toEqual([
        ['x-a', 'b'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-n', '3'],
      ])
      expect(response.body).toBe('made')
    })

    it('has the fields of writeHead() with a flat array, repeated ones each', async () => {
      const response = await get((_req, res) => {
        res.writeHead(200, ['X-A', '1', 'X-A', '2']).end()
      })
      expect(fieldsOf(response)).toEqual([
        ['x-a', '1'],
        ['x-a', '2'],
      ])
    })

    it('joins fields that were set with those of writeHead()', async () => {
      const response = await get((_req, res) => {
        res.setHeader('X-Set', '1')
        res.setHeader('X-Both', 'set')
        res.writeHead(200, 'Fine', { 'X-Both': 'written' }).end()
      })
      expect(fieldsOf(response)).toEqual([
        ['x-set', '1'],
        ['x-both', 'written'],
      ])
    })

    it('has fields that were appended, and not those that were removed', async () => {
      const response = await get((_req, res) => {
        res.appendHeader('Set-Cookie', 'a=1')
        res.appendHeader('Set-Cookie', 'b=2')
        res.setHeader('X-Gone', '1')
        res.removeHeader('X-Gone')
        res.end()
      })
      expect(fieldsOf(response)).toEqual([
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ])
    })

    it('keeps characters above 127 in latin-1', async () => {
      const response = await get((_req, res) => {
        res.setHeader('X-Name', 'Zo\xeb')
        // node:http writes the head as UTF-8 if a text follows it.
        res.end(Buffer.from('\u20ac'))
      })
      expect(headerOf(response, 'x-name')).toBe('Zo\xeb')
      expect(response.body).toBe('\xe2\x82\xac')
    })

    it('is refused by the same errors', async () => {
      const codes: unknown[] = []
      const attempt = (call: () => void): void => {
        try {
          call()
          codes.push('none')
        } catch (error) {
          codes.push((error as NodeJS.ErrnoException).code)
        }
      }
      await get((_req, res) => {
        attempt(() => res.setHeader('a b', '1'))
        attempt(() => res.setHeader('a', 'x\r\ny'))
        attempt(() => res.writeHead(99))
        res.write('x')
        attempt(() => res.setHeader('late', '1'))
        attempt(() => res.writeHead(200))
        res.end()
        attempt(() => res.write(null))
      })
      expect(codes).toEqual([
        'ERR_INVALID_HTTP_TOKEN',
        'ERR_INVALID_CHAR',
        'ERR_HTTP_INVALID_STATUS_CODE',
        'ERR_HTTP_HEADERS_SENT',
        'ERR_HTTP_HEADERS_SENT',
        'ERR_STREAM_NULL_VALUES',
      ])
    })

    it('tells the handler when it is sent', async () => {
      const seen: boolean[] = []
      await get((_req, res) => {
        seen.push(res.headersSent)
        res.writeHead(200)
        seen.push(res.headersSent)
        res.end()
        seen.push(res.headersSent, res.writableEnded)
      })
      expect(seen).toEqual([false, true, true, true])
    })

    it('leaves at flushHeaders(), before the body', async () => {
      await using hosted = await host((_req, res) => {
        res.flushHeaders()
      })
      using client = await hosted.connect()
      client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
      expect((await client.head()).status).toBe(200)
    })
  })

  describe('the body of its response', () => {
    it('comes from write() and end(), with each encoding', async () => {
      const response = await get((_req, res) => {
        res.write('a')
        res.write('62', 'hex')
        res.write(Buffer.from('c'))
        res.write(new Uint8Array([100]))
        res.end('ZQ==', 'base64')
      })
      expect(response.body).toBe('abcde')
    })

    it('calls back for each write and for the end', async () => {
      const calls: string[] = []
      await get((_req, res) => {
        res.write('a', () => calls.push('a'))
        res.end('b', () => calls.push('end'))
      })
      await expect.poll(() => calls).toEqual(['a', 'end'])
    })

    it('is empty for HEAD, 204 and 304', async () => {
      const hello: NodeHandler = (_req, res) => res.setHeader('content-length', 5).end('hello')
      const head = await ask(hello, 'HEAD /')
      expect([head.status, headerOf(head, 'content-length'), head.body]).toEqual([200, '5', ''])
      for (const status of [204, 304]) {
        const response = await get((_req, res) => res.writeHead(status).end('dropped'))
        expect([response.status, response.body]).toEqual([status, ''])
      }
    })

    it('has the trailers of addTrailers()', async () => {
      const response = await ask(
        (_req, res) => {
          res.writeHead(200, { Trailer: 'X-Sum' })
          res.write('body')
          res.addTrailers({ 'X-Sum': '42' })
          res.end()
        },
        'GET /',
        'TE: trailers\r\nConnection: TE\r\n\r\n',
      )
      expect(response.body).toBe('body')
      expect(response.trailers.map(([field, value]) => [field.toLowerCase(), value])).toEqual([
        ['x-sum', '42'],
      ])
    })

    it('comes through a pipe, and waits for a client that does not read', async () => {
      const parts = 1_000
      let taken = 0
      async function* source(): AsyncGenerator<Buffer> {
        for (; taken < parts; taken += 1) yield Buffer.alloc(16 * 1024, 'x')
      }
      await using hosted = await host((_req, res) => {
        res.setHeader('content-length', parts * 16 * 1024)
        return pipeline(Readable.from(source()), res)
      })
      const { socket } = await hosted.connect()
      socket.pause()
      socket.removeAllListeners('data')
      socket.write(`GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
      await sleep(300)
      // The system takes some megabytes.
      expect(taken).toBeLessThan(900)
      let bytes = 0
      socket.on('data', (chunk) => {
        bytes += chunk.length
      })
      socket.resume()
      await once(socket, 'end', { signal: AbortSignal.timeout(30_000) })
      expect(bytes).toBeGreaterThan(parts * 16 * 1024)
    })

    it('is cut if it is destroyed', async () => {
      await using hosted = await host((_req, res) => {
        res.write('part')
        setTimeout(() => res.destroy(), 20)
      })
      using client = await hosted.connect()
      client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
      const head = await client.head()
      await client.ended()
      await expect(client.body(head)).rejects.toThrow('did not come')
    })

    it('does not begin if the request is destroyed', async () => {
      await using hosted = await host((req) => void req.destroy())
      using client = await hosted.connect()
      client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
      expect(await client.rest()).toBe('')
    })
  })

  describe('its request', () => {
    it('has a socket that reports the error with which the handler destroys it', async () => {
      const seen: string[] = []
      await using hosted = await host((req) => {
        req.socket.on('error', (error) => seen.push(error.message))
        req.socket.on('close', (hadError) => seen.push(`close ${hadError}`))
        req.socket.destroy(new Error('broken'))
      })
      using client = await hosted.connect()
      client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
      expect(await client.rest()).toBe('')
      await expect.poll(() => seen).toEqual(['broken', 'close true'])
    })

    it('has a socket whose encryption middleware may set', async () => {
      let seen: unknown
      await ask((req, res) => {
        Object.assign(req.socket, { encrypted: true })
        seen = 'encrypted' in req.socket && req.socket.encrypted
        res.end()
      }, 'GET /')
      expect(seen).toBe(true)
    })

    it('has method, target, fields and addresses', async () => {
      let seen: unknown
      await ask(
        (req, res) => {
          const { method, url, httpVersion, headers } = req
          const { remoteAddress, remoteFamily } = req.socket
          const encrypted = 'encrypted' in req.socket && Boolean(req.socket.encrypted)
          seen = { method, url, httpVersion, headers, remoteAddress, remoteFamily, encrypted }
          res.end()
        },
        'PUT /a%20b/../c?x=1&y',
        'X-A: 1\r\nX-A: 2\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n',
      )
      expect(seen).toEqual({
        method: 'PUT',
        url: '/a%20b/../c?x=1&y',
        httpVersion: '1.1',
        headers: { host: 'example.test', 'x-a': '1, 2', cookie: 'a=1; b=2' },
        remoteAddress: '127.0.0.1',
        remoteFamily: 'IPv4',
        encrypted: false,
      })
    })

    it.each([
      ['events', readByEvents],
      ['an iteration', readByIteration],
      ['a pipe', readByPipe],
    ])('has a body that is read by %s', async (_way, read) => {
      const handler: NodeHandler = async (req, res) => res.end(await read(req))
      expect((await post(handler, 'x'.repeat(100_000))).body).toBe('x'.repeat(100_000))
      const chunked = 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'
      expect((await ask(handler, 'POST /', chunked)).body).toBe('abcde')
      expect((await ask(handler, 'POST /', 'Content-Length: 0\r\n\r\n')).body).toBe('')
      expect((await get(handler)).body).toBe('')
    })

    it('waits for a handler that reads slowly', async () => {
      const handler: NodeHandler = async (req, res) => {
        let bytes = 0
        for await (const chunk of req) {
          bytes += (chunk as Buffer).length
          await sleep(1)
        }
        res.end(String(bytes))
      }
      expect((await post(handler, 'x'.repeat(1_000_000))).body).toBe('1000000')
    })

    it('asks for the body of a client that waits for 100 at the first read', async () => {
      await using hosted = await host(async (req, res) => res.end(await readByEvents(req)))
      using client = await hosted.connect()
      client.send(`POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`)
      expect((await client.head()).status).toBe(100)
      client.send('ok')
      expect((await client.response()).body).toBe('ok')
    })

    it('may stay unread: the next one on the connection is served', async () => {
      await using hosted = await host((req, res) => res.end(req.url))
      using client = await hosted.connect()
      client.send(`POST /a HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`)
      client.send(`GET /b HTTP/1.1\r\n${HOST}\r\n`)
      expect((await client.response()).body).toBe('/a')
      expect((await client.response()).body).toBe('/b')
    })

    it('is aborted if the client leaves within its body', async () => {
      const seen: string[] = []
      await using hosted = await host((req, res) => {
        req.on('aborted', () => seen.push('aborted'))
        req.on('error', (error: NodeJS.ErrnoException) => seen.push(`req error ${error.code}`))
        req.on('close', () => seen.push('req close'))
        res.on('close', () => seen.push(`res close ${res.writableFinished}`))
        req.resume()
      })
      using client = await hosted.connect()
      client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nabc`)
      await sleep(100)
      client.reset()
      await expect
        .poll(() => seen.toSorted(), { timeout: 5_000 })
        .toEqual(['aborted', 'req close', 'req error ECONNRESET', 'res close false'])
    })

    it('ends with the connection, also if the handler waits', async () => {
      const closed: Array<Promise<unknown>> = []
      await using hosted = await host((_req, res) => {
        closed.push(once(res, 'close'))
      })
      using client = await hosted.connect()
      client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
      await expect.poll(() => closed.length).toBe(1)
      client.reset()
      await expect(closed[0]).resolves.toEqual([])
    })
  })

  it('sends 103 with the Link values of writeEarlyHints()', async () => {
    await using hosted = await host((_req, res) => {
      res.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'] })
      res.end('done')
    })
    using client = await hosted.connect()
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    const hint = await client.head()
    expect(hint.status).toBe(103)
    expect(hint.headers.map(([, value]) => value).join(', ')).toBe(
      '</a.css>; rel=preload, </b.js>; rel=preload',
    )
    expect((await client.response()).body).toBe('done')
  })

  it('emits finish, then close, once each', async () => {
    const seen: string[] = []
    await get((_req, res) => {
      res.on('finish', () => seen.push(`finish ${res.writableFinished}`))
      res.on('close', () => seen.push(`close ${res.destroyed}`))
      res.end('x')
    })
    await expect.poll(() => seen).toEqual(['finish true', 'close true'])
  })

  it('runs timeouts of the response', async () => {
    const response = await get((_req, res) => {
      res.setTimeout(30, () => res.writeHead(503).end('late'))
    })
    expect([response.status, response.body]).toEqual([503, 'late'])
  })

  it.runIf(name === 'fromNode')('logs a failure that comes after the response', async () => {
    await using server = await served(
      fromNode(async (_req, res) => {
        res.end('whole')
        await once(res, 'close')
        throw new Error('too late')
      }),
    )
    using client = await server.connect()
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    expect((await client.response()).body).toBe('whole')
    await expect
      .poll(() => server.lines)
      .toEqual(['error: the handler failed after its response: too late'])
  })

  it.runIf(name === 'fromNode')('closes the objects of a handler that fails', async () => {
    const closed: string[] = []
    const watched =
      (app: NodeHandler): NodeHandler =>
      (req, res) => {
        req.on('close', () => closed.push('req')).on('error', () => undefined)
        res.on('close', () => closed.push('res'))
        res.setTimeout(60_000)
        return app(req, res)
      }
    await get(watched(() => Promise.reject(new Error('boom'))))
    await expect.poll(() => closed.toSorted()).toEqual(['req', 'res'])

    // A body that is shorter than its length fails at its end.
    closed.length = 0
    await using hosted = await host(
      watched((_req, res) => void res.writeHead(200, { 'content-length': 10 }).end('short')),
    )
    using client = await hosted.connect()
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    await client.ended()
    await expect.poll(() => closed.toSorted()).toEqual(['req', 'res'])
  })

  it.runIf(name === 'fromNode')(
    'answers 500 to an error, where node:http ends the process',
    async () => {
      const thrown = await get(() => {
        throw new Error('boom')
      })
      expect(thrown.status).toBe(500)
      const rejected = await get(() => Promise.reject(new Error('boom')))
      expect(rejected.status).toBe(500)
    },
  )
})

async function readByEvents(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(req, 'end')
  return Buffer.concat(chunks).toString()
}

async function readByIteration(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function readByPipe(req: IncomingMessage): Promise<string> {
  let text = ''
  await pipeline(req, async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) text += chunk.toString()
  })
  return text
}
