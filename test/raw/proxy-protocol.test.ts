// Connections that begin with a header of the PROXY protocol.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { tlsFiles, websocket } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { v1, v2 } from '../server/proxy-protocol/headers.ts'
import { resetter } from '../server/resetter.ts'
import { answer, httpApp, readAll, served, soon } from './served.ts'
import type { ServeOptions } from 'isthmus'

const ENDS = { client: ['192.0.2.7', 40_001], server: ['198.51.100.2', 443] } as const
const LINE = 'PROXY TCP4 192.0.2.7 198.51.100.2 40001 443'
const GET = 'GET /x HTTP/1.1\r\nHost: x\r\n\r\n'
const ALWAYS: ServeOptions = { proxyProtocol: 'always' }
const TOLD = JSON.stringify([ENDS.client, ENDS.server, 0])

const ends = httpApp(async ({ client, server }, receive, send) => {
  const { length } = await readAll(receive)
  await answer(send, JSON.stringify([client, server, length]))
})

describe('a server with proxyProtocol', () => {
  it.each([
    ['1', v1(LINE)],
    ['2', v2(ENDS, { fields: Buffer.alloc(100) })],
  ])('tells the client of a header of version %s, for each request', async (_version, header) => {
    await using server = await served(ends, ALWAYS)
    using client = await server.connect()
    client.send(Buffer.concat([header, Buffer.from(GET)]))
    expect((await client.response()).body).toBe(TOLD)
    client.send(GET)
    expect((await client.response()).body).toBe(TOLD)
  })

  it('survives clients that reset their connections after the header', async () => {
    await using server = await served(ends, ALWAYS)
    for (let turns = 0; turns < 60; turns += 1) {
      const client = await server.connect()
      client.send(v1(LINE))
      for (let turn = 0; turn < turns % 6; turn += 1)
        await new Promise((resolve) => setImmediate(resolve))
      client.reset()
    }
    using client = await server.connect()
    client.send(Buffer.concat([v1(LINE), Buffer.from(GET)]))
    expect((await client.response()).body).toBe(TOLD)
  })

  it('closes a connection that ends after its header', async () => {
    await using server = await served(ends, ALWAYS)
    for (let turns = 0; turns < 12; turns += 1) {
      using client = await server.connect()
      client.send(v1(LINE))
      for (let turn = 0; turn < turns; turn += 1)
        await new Promise((resolve) => setImmediate(resolve))
      client.socket.end()
      expect(await client.ended()).toBe('end')
    }
  })

  it('takes a header and a request that are cut at each byte', async () => {
    await using server = await served(ends, ALWAYS)
    const bytes = Buffer.concat([v1(LINE), Buffer.from(GET)])
    const cuts = Array.from({ length: bytes.length - 1 }, (_, at) => at + 1)
    await Promise.all(
      cuts.map(async (cut) => {
        using client = await server.connect()
        await client.sendApart(bytes.subarray(0, cut))
        client.send(bytes.subarray(cut))
        expect((await client.response()).body).toBe(TOLD)
      }),
    )
  })

  it('reads a header once: a second one is a malformed request', async () => {
    await using server = await served(ends, ALWAYS)
    using client = await server.connect()
    client.send(Buffer.concat([v1(LINE), v1('PROXY TCP4 10.0.0.1 10.0.0.2 1 2')]))
    expect([400, 501]).toContain((await client.head()).status)
  })

  it('reads a body and a half-closed client after the header', async () => {
    await using server = await served(ends, ALWAYS)
    using client = await server.connect()
    const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n'
    client.send(Buffer.concat([v2(ENDS), Buffer.from(post), Buffer.alloc(200_000)]))
    client.socket.end()
    expect((await client.response()).body).toBe(JSON.stringify([ENDS.client, ENDS.server, 200_000]))
  })

  it('keeps the own addresses for LOCAL and UNKNOWN', async () => {
    await using server = await served(ends, ALWAYS)
    for (const header of [v1('PROXY UNKNOWN'), v2(ENDS, { command: 0x20 })]) {
      using client = await server.connect()
      client.send(Buffer.concat([header, Buffer.from(GET)]))
      const { body } = await client.response()
      expect(JSON.parse(body)).toMatchObject([
        ['127.0.0.1', client.socket.localPort],
        ['127.0.0.1', expect.any(Number)],
        0,
      ])
    }
  })

  it('speaks WebSocket after the header', async () => {
    const app = websocket(async (socket) => {
      await socket.send(JSON.stringify(socket.scope.client))
    })
    await using server = await served(app, ALWAYS)
    using client = await server.connect()
    const handshake = [
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    ]
    client.send(Buffer.concat([v1(LINE), Buffer.from(handshake.join(''))]))
    expect((await client.head()).status).toBe(101)
    const text = JSON.stringify(ENDS.client)
    const frame = await client.bytes(text.length + 2)
    expect(frame.slice(2)).toBe(text)
  })

  // The header and the first bytes of TLS in one segment, and apart.
  it.each([true, false])(
    'takes the header before the handshake of TLS; in one piece: %s',
    async (isOne) => {
      const fixture = 'test/fixtures/tls/server'
      const tls = tlsFiles({ pairs: [{ cert: `${fixture}.pem`, key: `${fixture}.key` }] })
      await using server = await served(ends, { ...ALWAYS, tls })
      using client = await server.connect()
      let header: Buffer | null = v2(ENDS)
      if (!isOne) {
        await client.sendApart(header)
        header = null
      }
      const stream = new Duplex({
        read: () => undefined,
        write(chunk: Buffer, _encoding, done) {
          client.send(header ? Buffer.concat([header, chunk]) : chunk)
          header = null
          done()
        },
      })
      client.socket.on('data', (chunk) => stream.push(chunk))
      const ca = readFileSync('test/fixtures/tls/ca.pem')
      const secured = connectTls({ socket: stream, ca, servername: 'localhost' })
      secured.write(GET)
      let text = ''
      secured.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (text.includes(']')) secured.emit('answered')
      })
      await soon(once(secured, 'answered'), 'the answer')
      expect(text).toContain('192.0.2.7')
      secured.destroy()
    },
  )

  it('listens on a unix socket, whose peers are trusted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-proxy-'))
    await using server = await served(ends, { ...ALWAYS, uds: join(folder, 'socket') })
    using client = await server.connect()
    client.send(Buffer.concat([v1(LINE), Buffer.from(GET)]))
    expect((await client.response()).body).toBe(TOLD)
    rmSync(folder, { recursive: true })
  })

  it.each([
    ['a request without a header', GET],
    ['a malformed header', 'PROXY TCP4 a b c d\r\n'],
    ['an endless header', `PROXY TCP4 ${'1'.repeat(200)}`],
  ])('closes the connection of %s, and logs it', async (_what, bytes) => {
    await using server = await served(ends, ALWAYS)
    using client = await server.connect()
    client.send(bytes)
    await client.ended()
    expect(server.lines).toEqual([expect.stringMatching(/^info: a connection was closed: /)])
  })

  it('closes a connection whose header does not come within headTimeoutMs', async () => {
    await using server = await served(ends, { ...ALWAYS, headTimeoutMs: 200 })
    using client = await server.connect()
    client.send('PROXY ')
    await client.ended()
    expect(server.lines).toEqual(['info: a connection was closed: its header did not come in time'])
  })

  it('believes no header of a peer that is not trusted', async () => {
    const from = { proxyProtocolFrom: ['10.0.0.0/8'] }
    await using closing = await served(ends, { ...ALWAYS, ...from })
    using refused = await closing.connect()
    refused.send(Buffer.concat([v1(LINE), Buffer.from(GET)]))
    await refused.ended()
    expect(closing.lines.join()).toContain('its peer is not in proxyProtocolFrom')

    await using server = await served(ends, { proxyProtocol: 'trusted', ...from })
    using direct = await server.connect()
    direct.send(GET)
    expect(JSON.parse((await direct.response()).body)).toMatchObject([
      ['127.0.0.1', expect.any(Number)],
      ['127.0.0.1', expect.any(Number)],
      0,
    ])
    using liar = await server.connect()
    liar.send(Buffer.concat([v1(LINE), Buffer.from(GET)]))
    expect([400, 501]).toContain((await liar.head()).status)
  })

  it('believes no header of a peer that has reset its connection before the server looks', async () => {
    const seen: unknown[] = []
    const app = httpApp(async ({ client }, _receive, send) => {
      seen.push(client)
      await answer(send, '')
    })
    await using server = await served(app, { ...ALWAYS, proxyProtocolFrom: ['unix'] })
    const { port } = server.server.address as { port: number }
    const bytes = Buffer.concat([v1(LINE), Buffer.from(GET)])
    spawnSync(process.execPath, resetter(port, bytes))
    using next = await server.connect()
    await next.ended()
    await server.server.close()
    expect(seen).toEqual([])
  })

  it('closes in time, although headers are missing', async () => {
    await using server = await served(ends, { ...ALWAYS, drainIdleMs: 100, graceMs: 60_000 })
    using silent = await server.connect()
    using client = await server.connect()
    client.send(Buffer.concat([v1(LINE), Buffer.from(GET)]))
    await client.response()
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
    await silent.ended()
  })
})
