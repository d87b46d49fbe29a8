// HTTPS: the same engine after a TLS handshake, and the facts of TLS in the scope.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, createServer, request } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { buffer } from 'node:stream/consumers'
import { once } from 'node:events'
import { websocket } from 'isthmus'
import { fromNode } from 'isthmus/adapters'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { deferred } from '../../src/waiting/deferred.ts'
import { engine } from '../engine.ts'
import { answer, httpApp, readAll, served, soon } from './served.ts'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { NodeHandler } from 'isthmus/adapters'
import type { Served } from './served.ts'

const pem = (name: string): Buffer =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url))
const tls = { cert: pem('server.pem'), key: pem('server.key') }
const ca = pem('ca.pem')
const mutual = { ...tls, ca, requestCert: true, rejectUnauthorized: false }

const facts = httpApp(async ({ scheme, extensions, client }, _receive, send) => {
  await answer(send, JSON.stringify({ scheme, tls: extensions['tls'], client }))
})

async function ask(
  url: string,
  options: ConnectionOptions = {},
  body?: Buffer,
): Promise<{ status: number | undefined; body: Buffer }> {
  const agent = new Agent({ keepAlive: false })
  const asked = request(url, { ca, agent, method: body ? 'POST' : 'GET', ...options })
  asked.end(body)
  const signal = AbortSignal.timeout(30_000)
  const [message] = (await once(asked, 'response', { signal })) as [IncomingMessage]
  return { status: message.statusCode, body: await buffer(message) }
}

async function tlsFactsOf(url: string, options: ConnectionOptions = {}): Promise<unknown> {
  const { body } = await ask(url, options)
  return (JSON.parse(body.toString()) as { tls: unknown }).tls
}

describe('a server with tls', () => {
  it('[3b.9] answers at an https URL, with the scheme https', async () => {
    await using server = await served(facts, { tls })
    expect(server.server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const { status, body } = await ask(server.server.url)
    expect(status).toBe(200)
    expect(JSON.parse(body.toString())).toMatchObject({
      scheme: 'https',
      client: ['127.0.0.1', expect.any(Number)],
    })
  })

  it('[3b.36] puts the facts of the connection into the scope', async () => {
    await using server = await served(facts, { tls })
    expect(await tlsFactsOf(server.server.url)).toEqual({
      serverCert: pem('server.pem').toString(),
      clientCertChain: [],
      clientCertName: null,
      clientCertError: null,
      tlsVersion: 0x0304,
      cipherSuite: expect.any(Number),
    })
    const old = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' } as const
    const facts12 = { tlsVersion: 0x0303, cipherSuite: 0xc02b }
    expect(await tlsFactsOf(server.server.url, old)).toMatchObject(facts12)
  })

  it('shows a handler of node:http the certificate of its client, as node:tls does', async () => {
    const handler: NodeHandler = (req, res) => {
      const socket = req.socket as TLSSocket
      const { subject, fingerprint256, raw } = socket.getPeerCertificate()
      const { encrypted, authorized } = socket
      const name = subject?.CN
      res.end(JSON.stringify({ encrypted, authorized, name, fingerprint256, bytes: raw?.length }))
    }
    await using server = await served(fromNode(handler), { tls: mutual })
    const reference = createServer(mutual, handler).listen(0, '127.0.0.1')
    await once(reference, 'listening')
    const { port } = reference.address() as AddressInfo
    try {
      for (const client of [{}, { cert: pem('client.pem'), key: pem('client.key') }]) {
        const expected = await ask(`https://127.0.0.1:${port}`, client)
        const seen = await ask(server.server.url, client)
        expect(seen.body.toString()).toBe(expected.body.toString())
      }
    } finally {
      reference.close()
    }
  })

  it('[3b.36] names the client by its certificate', async () => {
    await using server = await served(facts, { tls: mutual })
    const client = { cert: pem('client.pem'), key: pem('client.key') }
    expect(await tlsFactsOf(server.server.url, client)).toMatchObject({
      clientCertChain: [pem('client.pem').toString(), ca.toString()],
      clientCertName: 'CN=pilot,O=Isthmus\\, Ltd,C=PA',
      clientCertError: null,
    })
  })

  it('[3b.36] gives the reason why a client certificate was not verified', async () => {
    await using server = await served(facts, { tls: mutual })
    const client = { cert: pem('stranger.pem'), key: pem('stranger.key') }
    expect(await tlsFactsOf(server.server.url, client)).toMatchObject({
      clientCertName: 'CN=stranger',
      clientCertError: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
  })

  it('[3b.36] has no such extension without TLS', async () => {
    await using server = await served(facts)
    expect(await (await fetch(server.server.url)).json()).not.toHaveProperty('tls')
  })

  it('carries large bodies both ways', async () => {
    const echo = httpApp(async (_scope, receive, send) => {
      await answer(send, await readAll(receive))
    })
    await using server = await served(echo, { tls })
    const large = Buffer.alloc(3 * 1024 * 1024, 'isthmus ')
    const { body } = await ask(server.server.url, {}, large)
    expect(body.equals(large)).toBe(true)
  })

  it('[3b.40] speaks WebSocket as wss', async () => {
    const app = websocket(async (socket) => {
      await socket.send(socket.scope.scheme)
      for await (const message of socket) await socket.send(message)
    })
    await using server = await served(app, { tls })
    const socket = new WebSocket(server.server.url.replace('https', 'wss'), { ca })
    const signal = AbortSignal.timeout(30_000)
    const [first] = await once(socket, 'message', { signal })
    socket.send('echo')
    const [second] = await once(socket, 'message', { signal })
    expect([String(first), String(second)]).toEqual(['wss', 'echo'])
    socket.terminate()
  })

  it.each([
    ['GET', false],
    ['POST', false],
    ['DELETE', false],
    ['CONNECT', false],
    ['GET', true],
  ])(
    'answers 400 with the remedy to plain HTTP (%s, http2: %s), and continues to serve',
    async (method, http2) => {
      await using server = await served(facts, { tls, http2 })
      using plain = await server.connect()
      plain.send(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`)
      const { status, headers, body } = await plain.response()
      expect(status).toBe(400)
      expect(headers).toContainEqual(['connection', 'close'])
      expect(body).toBe(
        'Plain HTTP was sent to a port that speaks HTTPS. Use https:// in the address.\n',
      )
      expect(await plain.ended()).toBe('end')
      const told = server.lines.filter((line) => /refused|handshake/.test(line))
      expect(told).toEqual([
        'info: - - 400 refused: plain HTTP was sent to a port that speaks HTTPS',
      ])
      expect((await ask(server.server.url)).status).toBe(200)
    },
  )

  it('keeps neither a socket nor a wait for a client of plain HTTP that stays', async () => {
    await using server = await served(facts, { tls, graceMs: 60_000 })
    const { port } = server.server.address as { port: number }
    const plain = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true })
    plain.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await soon(once(plain.resume(), 'end'), 'the end of the answer')
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
    plain.destroy()
  })

  it('closes in time although a client never finishes its handshake', async () => {
    await using server = await served(facts, { tls, graceMs: 60_000 })
    const { port } = server.server.address as { port: number }
    const mute = connectTcp(port, '127.0.0.1').on('error', () => undefined)
    await once(mute, 'connect', { signal: AbortSignal.timeout(30_000) })
    await ask(server.server.url)
    mute.resume()
    if (engine === 'node') mute.destroy()
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
  })

  it('[3a.54] cuts a body that breaks off without close_notify', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [['content-length', '9']] })
      await send({ type: 'http.response.body', body: 'half', moreBody: true })
      throw new Error('broken')
    })
    await using server = await served(app, { tls })
    const { port } = server.server.address as { port: number }
    const socket = connectTls({ port, host: '127.0.0.1', ca })
    socket.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const text = await soon(buffer(socket), 'the end').catch(() => Buffer.from('cut'))
    expect(text.toString()).not.toMatch(/half.+$/s)
  })

  it.skipIf(engine === 'node')(
    'cuts a client that takes nothing, after writeTimeoutMs',
    async () => {
      const left = deferred()
      const app = httpApp(async ({ 'isthmus.exchange': connection }, _receive, send) => {
        connection?.onDisconnect(() => left.resolve())
        await send({ type: 'http.response.start', status: 200, headers: [] })
        for (;;) {
          await send({ type: 'http.response.body', body: Buffer.alloc(65_536), moreBody: true })
        }
      })
      await using server = await served(app, { tls, writeTimeoutMs: 300 })
      const socket = secured(server)
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await once(socket, 'data', { signal: AbortSignal.timeout(30_000) })
      socket.pause()
      await soon(left.promise, 'the disconnect')
      expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
      socket.destroy()
    },
  )

  it('answers a client that has ended its side', async () => {
    const app = httpApp(async (_scope, receive, send) => {
      await readAll(receive)
      await answer(send, 'late')
    })
    await using server = await served(app, { tls })
    const socket = secured(server)
    socket.end('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody')
    const text = await soon(buffer(socket), 'the end')
    expect(text.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nlate$/)
  })
})

function secured({ server }: Served): TLSSocket {
  const { port } = server.address as { port: number }
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    ca,
    allowHalfOpen: true,
  } as ConnectionOptions)
  return socket.on('error', () => undefined)
}

describe('a TLS handshake', () => {
  it('takes clients that speak HTTP/1.0 by ALPN', async () => {
    await using server = await served(facts, { tls })
    const { port } = new URL(server.server.url)
    const socket = connectTls({ port: Number(port), ca, ALPNProtocols: ['http/1.0'] })
    await soon(once(socket, 'secureConnect'), 'the handshake')
    expect(socket.alpnProtocol).toBe('http/1.0')
    socket.destroy()
  })

  it('ends after headTimeoutMs if the client does not finish it', async () => {
    await using server = await served(facts, { tls, headTimeoutMs: 300 })
    const socket = connectTcp({ port: Number(new URL(server.server.url).port) })
    socket.on('error', () => undefined).resume()
    await soon(once(socket, 'close'), 'the end of the connection')
    expect(server.lines).toEqual(['info: a TLS handshake failed: TLS handshake timeout'])
  })

  it('under way does not hold up close(), and neither do clients that have left in it', async () => {
    await using server = await served(facts, { tls, headTimeoutMs: 60_000, graceMs: 60_000 })
    const port = Number(new URL(server.server.url).port)
    const sockets = Array.from({ length: 8 }, () => connectTcp({ port }))
    for (const socket of sockets) socket.on('error', () => undefined).resume()
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    for (const socket of sockets.slice(0, 4)) socket.resetAndDestroy()
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
    for (const socket of sockets) socket.destroy()
  })

  // Each of these sockets has the same address: none.
  it('on a unix socket does not hold up close() either', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-tls-'))
    const path = join(folder, 'socket')
    const slow = { headTimeoutMs: 60_000, graceMs: 60_000 }
    await using server = await served(facts, { tls, uds: path, ...slow })
    const halves = Array.from({ length: 6 }, () => connectTcp({ path }))
    for (const socket of halves) socket.on('error', () => undefined).resume()
    await Promise.all(halves.map((socket) => once(socket, 'connect')))
    const secured = connectTls({ path, ca, servername: 'localhost' }).on('error', () => undefined)
    await soon(once(secured, 'secureConnect'), 'the handshake')
    for (const socket of halves.slice(0, 3)) socket.destroy()
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
    for (const socket of [...halves, secured]) socket.destroy()
    rmSync(folder, { recursive: true })
  })

  it('may be repeated three times, then the connection is cut', async () => {
    const options = { ...tls, maxVersion: 'TLSv1.2' as const }
    await using server = await served(facts, { tls: options })
    const { port } = new URL(server.server.url)
    const socket = connectTls({ port: Number(port), ca, maxVersion: 'TLSv1.2' })
    await soon(once(socket, 'secureConnect'), 'the handshake')
    const ended = once(socket, 'close')
    socket.on('error', () => undefined).resume()
    let repeated = 0
    const repeat = (): void => {
      socket.renegotiate({ rejectUnauthorized: false }, (error) => {
        if (error || repeated === 60) return
        repeated += 1
        repeat()
      })
    }
    repeat()
    await soon(ended, 'the end of the connection')
    expect(repeated).toBeLessThanOrEqual(4)
  })
})
