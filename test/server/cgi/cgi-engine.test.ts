// Connections of web servers over real sockets: limits, ends and the rules of each protocol.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { events, sync } from 'isthmus'
import { describe, expect, it, onTestFinished } from 'vitest'
import { deferred } from '../../../src/waiting/deferred.ts'
import { answer, httpApp, readAll, served, soon } from '../../raw/served.ts'
import {
  beginRecord,
  fastcgiBytes,
  GatewayClient,
  pairBytes,
  record,
  scgiBytes,
  streamRecords,
  variablesOf,
} from './gateway-client.ts'
import type { EventApp, Server } from 'isthmus'
import type { GatewayName } from './gateway-client.ts'

const hello = httpApp(async (_scope, _receive, send) => answer(send, 'hello'))
const echo = httpApp(async (_scope, receive, send) => answer(send, await readAll(receive)))
const half = httpApp(async (_scope, _receive, send) => {
  await send({ type: 'http.response.start', status: 200, headers: [] })
  await send({ type: 'http.response.body', body: 'half', moreBody: true })
  throw new Error('the app breaks off')
})

const PROTOCOLS: GatewayName[] = ['scgi', 'fastcgi']

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'app.sock')
}

describe.each(PROTOCOLS)('over %s', (protocol) => {
  const connect = ({ address }: Server): Promise<GatewayClient> =>
    GatewayClient.connect(protocol, address)

  it('the server tells its protocol in its URL', async () => {
    await using it = await served(hello, { protocol })
    expect(it.server.url).toMatch(new RegExp(`^${protocol}://127\\.0\\.0\\.1:\\d+$`))
  })

  it('an app finds the client of the web server, and a handshake is a plain request', async () => {
    const app = events(async (scope, _receive, send) => {
      if (scope.type !== 'http') throw new Error(scope.type)
      await answer(send, JSON.stringify([scope.type, scope.client, scope.server, scope.scheme]))
    })
    await using it = await served(app, { protocol })
    using client = await connect(it.server)
    client.send({
      headers: [
        ['connection', 'upgrade'],
        ['upgrade', 'websocket'],
      ],
      variables: { HTTPS: 'on', SERVER_PORT: '443' },
    })
    const expected = ['http', ['192.0.2.7', 4711], ['example.test', 443], 'https']
    expect(await client.response()).toMatchObject({ status: 200, body: JSON.stringify(expected) })
  })

  it('an app finds the user that the web server has checked', async () => {
    const seen = events(async (scope, _receive, send) => {
      await answer(send, JSON.stringify('isthmus.auth' in scope ? scope['isthmus.auth'] : null))
    })
    const wsgi = sync(function* ({ AUTH_TYPE, REMOTE_USER }, startResponse) {
      startResponse('200 OK', [])
      yield JSON.stringify({ type: AUTH_TYPE, user: REMOTE_USER })
    })
    for (const app of [seen, wsgi]) {
      await using it = await served(app, { protocol })
      using client = await connect(it.server)
      client.send({ variables: { AUTH_TYPE: 'Basic', REMOTE_USER: 'ann\xc3\xa9' } })
      const text = Buffer.from((await client.response()).body ?? '', 'latin1').toString()
      expect(JSON.parse(text)).toEqual({ type: 'Basic', user: 'anné' })
    }
  })

  it('a unix socket works, and shows a cut to a client of FastCGI', async () => {
    await using it = await served(half, { protocol, uds: socketPath() })
    using client = await connect(it.server)
    client.send({})
    // SCGI has no sign for it: only a reset tells, which a unix socket does not have.
    expect((await client.response()).body).toBe(protocol === 'scgi' ? 'half' : null)
  })

  it('a body above the limit gets 413, a full server 503', async () => {
    await using small = await served(echo, { protocol, maxBodyBytes: 3 })
    using client = await connect(small.server)
    client.send({ method: 'POST', body: 'four' })
    expect((await client.response()).status).toBe(413)

    const gate = deferred()
    const waits = httpApp(async (_scope, _receive, send) => {
      await gate.promise
      await answer(send, 'late')
    })
    await using full = await served(waits, { protocol, maxConcurrency: 1 })
    using first = await connect(full.server)
    using second = await connect(full.server)
    first.send({})
    second.send({})
    const statuses = [first.head(), second.head()]
    expect((await Promise.race(statuses)).status).toBe(503)
    gate.resolve()
    const all = (await Promise.all(statuses)).map(({ status }) => status)
    expect(all.toSorted((one, other) => one - other)).toEqual([200, 503])
  })

  it('a client that leaves reaches the app', async () => {
    const left = deferred<string>()
    const app: EventApp = httpApp(async (_scope, receive) => left.resolve((await receive()).type))
    await using it = await served(app, { protocol })
    using client = await connect(it.server)
    client.send({})
    // No body: the first event is an empty one, the second one tells of the end.
    await soon(left.promise, 'the first event')
    const gone = deferred<string>()
    const waits = httpApp(async (_scope, receive) => {
      await receive()
      started.resolve()
      gone.resolve((await receive()).type)
    })
    const started = deferred()
    await using other = await served(waits, { protocol })
    using leaving = await connect(other.server)
    leaving.send({})
    await soon(started.promise, 'the app')
    leaving.raw.socket.destroy()
    expect(await soon(gone.promise, 'the disconnect')).toBe('http.disconnect')
  })

  it('a head that does not arrive in time ends the connection', async () => {
    await using it = await served(hello, { protocol, headTimeoutMs: 100 })
    using silent = await connect(it.server)
    expect(await silent.ended()).toBe('end')
    using slow = await connect(it.server)
    slow.raw.send(protocol === 'scgi' ? '70:CONT' : beginRecord(1))
    expect((await slow.response()).status).toBe(408)
    expect(it.lines).toContain('info: - - 408 refused: the head did not arrive in time')
  })

  it('malformed bytes end the connection, with an answer if it has a place', async () => {
    await using it = await served(hello, { protocol })
    using client = await connect(it.server)
    client.raw.send('GET / HTTP/1.1\r\n\r\n')
    if (protocol === 'scgi') expect((await client.response()).status).toBe(400)
    expect(await client.ended()).toBe('end')
    expect(it.lines[0]).toMatch(/^info: - - 400 refused: /)
    using next = await connect(it.server)
    next.send({})
    expect((await next.response()).body).toBe('hello')
  })

  it('a head above the limit gets 431, a long target 414', async () => {
    const limits = { maxHeadBytes: 2048, maxRequestLineBytes: 100 }
    await using it = await served(hello, { protocol, ...limits })
    using long = await connect(it.server)
    long.send({ headers: [['x-long', 'x'.repeat(2048)]] })
    expect((await long.response()).status).toBe(431)
    using target = await connect(it.server)
    target.send({ target: `/${'x'.repeat(100)}` })
    expect((await target.response()).status).toBe(414)
  })

  it('a close waits for the response under way', async () => {
    const gate = deferred()
    const started = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      started.resolve()
      await gate.promise
      await answer(send, 'whole')
    })
    const it = await served(app, { protocol, graceMs: 5_000 })
    using client = await connect(it.server)
    client.send({})
    await soon(started.promise, 'the request')
    const closing = it.server.close()
    gate.resolve()
    expect((await client.response()).body).toBe('whole')
    expect(await closing).toEqual({ forced: false })
  })

  it('a response that is cancelled never looks whole', async () => {
    const gate = deferred()
    const started = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'half', moreBody: true })
      started.resolve()
      await gate.promise
    })
    const it = await served(app, { protocol, graceMs: 50 })
    using client = await connect(it.server)
    client.send({})
    await soon(started.promise, 'the request')
    const closing = it.server.close()
    expect((await client.response()).body).toBeNull()
    gate.resolve()
    expect(await closing).toEqual({ forced: true })
  })

  it('a large response arrives whole and in order, also the last part', async () => {
    const part = Buffer.alloc(200_000, 'abcdefghij')
    const head = 'y'.repeat(70_000)
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [['x-long', head]] })
      await send({ type: 'http.response.body', body: part, moreBody: true })
      await send({ type: 'http.response.body', body: 'text €'.repeat(20_000), moreBody: true })
      const last = Buffer.from(part)
      await send({ type: 'http.response.body', body: last })
      last.fill(0)
    })
    await using it = await served(app, { protocol })
    using client = await connect(it.server)
    client.raw.socket.pause()
    client.send({})
    client.raw.socket.resume()
    const { headers, body } = await client.response()
    expect(headers[0]?.[1] === head).toBe(true)
    const expected = `${part.toString()}${Buffer.from('text €'.repeat(20_000)).toString('latin1')}${part.toString()}`
    expect(body === expected).toBe(true)
  })
})

describe('a connection of FastCGI', () => {
  const connect = ({ address }: Server): Promise<GatewayClient> =>
    GatewayClient.connect('fastcgi', address)

  it('has requests one after the other, also after a body that the app did not read', async () => {
    await using it = await served(hello, { protocol: 'fastcgi' })
    using client = await connect(it.server)
    for (const body of ['', 'unread', 'u'.repeat(10_000)]) {
      client.send({ method: 'POST', body })
      expect((await client.response()).body).toBe('hello')
    }
    expect(client.raw.open).toBe(true)
    expect(it.server.stats()).toMatchObject({ connections: 1, requests: { total: 3 } })
  })

  it('ends after the response if the web server does not keep it', async () => {
    await using it = await served(hello, { protocol: 'fastcgi' })
    using client = await connect(it.server)
    client.raw.send(fastcgiBytes({}, { keep: false }))
    expect(await client.response()).toMatchObject({ body: 'hello' })
    expect(client.appStatus).toBe(0)
    expect(await client.ended()).toBe('end')
  })

  it('ends when it is idle for too long', async () => {
    await using it = await served(hello, { protocol: 'fastcgi', keepAliveTimeoutMs: 100 })
    using client = await connect(it.server)
    client.send({})
    expect((await client.response()).body).toBe('hello')
    expect(await client.ended()).toBe('end')
  })

  it('tells an app of an aborted request, and serves the next one', async () => {
    const started = deferred()
    const gone = deferred<string>()
    const app = httpApp(async (scope, receive, send) => {
      if (scope.path === '/next') return answer(send, 'next')
      await receive()
      started.resolve()
      gone.resolve((await receive()).type)
    })
    await using it = await served(app, { protocol: 'fastcgi' })
    using client = await connect(it.server)
    client.send({})
    await soon(started.promise, 'the request')
    client.raw.send(record(2, 1, ''))
    expect(await soon(gone.promise, 'the disconnect')).toBe('http.disconnect')
    expect(await client.read()).toBeNull()
    expect(client.appStatus).toBe(1)
    client.send({ target: '/next' })
    expect((await client.response()).body).toBe('next')
  })

  it('ends after a request that is aborted in its head, if the web server does not keep it', async () => {
    await using it = await served(hello, { protocol: 'fastcgi' })
    using client = await connect(it.server)
    client.send({})
    expect((await client.response()).body).toBe('hello')
    client.raw.send(Buffer.concat([beginRecord(1, { keep: false }), record(2, 1, '')]))
    expect(await client.read()).toBeNull()
    expect(await client.ended()).toBe('end')
  })

  it('gives a head the time of a head, not that of an idle connection', async () => {
    const times = { headTimeoutMs: 100, keepAliveTimeoutMs: 60_000 }
    await using it = await served(hello, { protocol: 'fastcgi', ...times })
    using client = await connect(it.server)
    client.send({})
    expect((await client.response()).body).toBe('hello')
    client.raw.send(beginRecord(1))
    expect((await client.response()).status).toBe(408)
  })

  it('refuses a second request beside the first one', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await gate.promise
      await answer(send, 'first')
    })
    await using it = await served(app, { protocol: 'fastcgi' })
    using client = await connect(it.server)
    client.raw.send(fastcgiBytes({}, { id: 1 }))
    client.raw.send(fastcgiBytes({}, { id: 2 }))
    const { type, id, content } = await client.record()
    expect({ type, id, status: content.charCodeAt(4) }).toEqual({ type: 3, id: 2, status: 1 })
    gate.resolve()
    expect((await client.response()).body).toBe('first')
  })

  it('answers questions about itself', async () => {
    await using it = await served(hello, { protocol: 'fastcgi' })
    using client = await connect(it.server)
    client.raw.send(record(9, 0, pairBytes([['FCGI_MPXS_CONNS', '']])))
    const expected = pairBytes([['FCGI_MPXS_CONNS', '0']]).toString('latin1')
    expect(await client.record()).toEqual({ type: 10, id: 0, content: expected })
    client.send({})
    expect((await client.response()).body).toBe('hello')
  })

  it('that asks without an end is cut, before a request and beside one', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await gate.promise
      await answer(send, 'late')
    })
    await using it = await served(app, { protocol: 'fastcgi' })
    for (const before of [Buffer.alloc(0), fastcgiBytes({})]) {
      using client = await connect(it.server)
      client.raw.send(Buffer.concat([before, ...Array<Buffer>(1_001).fill(record(99, 0, ''))]))
      await client.ended()
    }
    gate.resolve()
    expect(it.server.stats().connections).toBe(0)
  })

  it('whose body has no length streams it', async () => {
    await using it = await served(echo, { protocol: 'fastcgi' })
    using client = await connect(it.server)
    client.send({ method: 'POST', body: ['one', 'two'] })
    expect((await client.response()).body).toBe('onetwo')
  })

  it('whose input breaks the length is answered, and ends', async () => {
    await using it = await served(echo, { protocol: 'fastcgi' })
    using client = await connect(it.server)
    const variables = variablesOf({ method: 'POST' }, '3')
    const head = [beginRecord(1), streamRecords(4, 1, pairBytes(variables))]
    client.raw.send(Buffer.concat([...head, streamRecords(5, 1, Buffer.from('four'))]))
    expect((await client.response()).status).toBe(400)
    expect(await client.ended()).toBe('end')
  })
})

describe('a connection of SCGI', () => {
  it('ends after its response, in one piece or many', async () => {
    await using it = await served(echo, { protocol: 'scgi' })
    using client = await GatewayClient.connect('scgi', it.server.address)
    const bytes = scgiBytes(variablesOf({ method: 'POST' }, '3'), 'abc')
    for (const octet of bytes) await client.raw.sendApart(Buffer.from([octet]))
    expect(await client.response()).toEqual({
      status: 200,
      headers: [
        ['content-type', 'text/plain'],
        ['content-length', '3'],
      ],
      body: 'abc',
    })
    expect(await client.ended()).toBe('end')
  })

  it('whose body never comes is a client that has left', async () => {
    const gone = deferred<string>()
    const app = httpApp(async (_scope, receive) => gone.resolve((await receive()).type))
    await using it = await served(app, { protocol: 'scgi' })
    using client = await GatewayClient.connect('scgi', it.server.address)
    client.raw.send(scgiBytes(variablesOf({ method: 'POST' }, '3')))
    client.raw.socket.end()
    expect(await soon(gone.promise, 'the disconnect')).toBe('http.disconnect')
  })
})
