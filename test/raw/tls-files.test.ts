// Servers with tlsFiles(): the choice by name, certificates of clients, and new certificates while the server runs.

import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { tlsFiles } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { answer, httpApp, served, soon } from './served.ts'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { TlsFilesOptions } from 'isthmus'
import type { Served } from './served.ts'

const TLS = 'test/fixtures/tls/'
const pairOf = (name: string) => ({ cert: `${TLS}${name}.pem`, key: `${TLS}${name}.key` })
const SHOP = pairOf('shop')
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

let calls = 0
const hello = httpApp(async (_scope, _receive, send) => {
  calls += 1
  await answer(send, 'hello')
})

async function secured(server: Served, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { port } = server.server.address as { port: number }
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  socket.on('error', () => undefined)
  await soon(once(socket, 'secureConnect'), 'the handshake')
  return socket
}

async function nameOf(server: Served, servername = ''): Promise<string> {
  const socket = await secured(server, servername ? { servername } : {})
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

/** The status line of an answer; empty if the server closes before it. */
async function ask(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = []
  const came = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (Buffer.concat(chunks).includes('hello')) resolve()
    })
    socket.on('close', () => resolve())
  })
  socket.write(GET)
  await soon(came, 'the answer')
  return Buffer.concat(chunks).toString().split('\r\n', 1)[0] ?? ''
}

describe('a server with several certificates', () => {
  it('chooses by the name that the client asks for', async () => {
    const tls = tlsFiles({ pairs: [pairOf('server'), SHOP, pairOf('exact')] })
    await using server = await served(hello, { tls })
    expect(await nameOf(server)).toBe('localhost')
    expect(await nameOf(server, 'other.example')).toBe('localhost')
    expect(await nameOf(server, 'shop.example')).toBe('shop')
    expect(await nameOf(server, 'eu.shop.example')).toBe('shop')
    // The exact name wins against the wildcard before it.
    expect(await nameOf(server, 'www.shop.example')).toBe('exact')
  })

  it('answers HTTP with each of them', async () => {
    await using server = await served(hello, { tls: tlsFiles({ pairs: [pairOf('server'), SHOP] }) })
    const socket = await secured(server, { servername: 'shop.example' })
    expect(await ask(socket)).toBe('HTTP/1.1 200 OK')
    socket.destroy()
  })
})

describe('new certificates', () => {
  it(
    'are in use for the next handshake, and open connections stay open',
    { timeout: 60_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'isthmus-tls-files-'))
      const copy = (name: string): void => {
        for (const part of ['pem', 'key']) {
          copyFileSync(`${TLS}${name}.${part}`, join(folder, `server.${part}`))
        }
      }
      copy('shop')
      const own = { cert: join(folder, 'server.pem'), key: join(folder, 'server.key') }
      const tls = tlsFiles({ pairs: [own, pairOf('server')] })
      await using server = await served(hello, { tls })
      await using other = await served(hello, { tls })
      const open = await secured(server)
      expect(await ask(open)).toBe('HTTP/1.1 200 OK')
      copy('renewed')
      const deadline = performance.now() + 10_000
      while ((await nameOf(server)) !== 'renewed' && performance.now() < deadline);
      expect(await nameOf(other)).toBe('renewed')
      expect(await nameOf(server, 'shop.example')).toBe('renewed')
      expect(await ask(open)).toBe('HTTP/1.1 200 OK')
      expect(server.lines).toContain('info: new TLS files are in use')
      open.destroy()
      rmSync(folder, { recursive: true })
    },
  )

  it('are asked for if the present ones have expired', async () => {
    await using server = await served(hello, { tls: tlsFiles({ pairs: [pairOf('expired')] }) })
    expect(server.lines).toEqual(['warn: the certificate has expired: clients refuse it'])
  })
})

const OFFICE: TlsFilesOptions = { pairs: [SHOP], ca: `${TLS}office-ca.pem` }
const asClient = (name: string): ConnectionOptions => ({
  cert: readFileSync(`${TLS}${name}.pem`),
  key: readFileSync(`${TLS}${name}.key`),
})

describe('clients with certificates', () => {
  it.each<[TlsFilesOptions['clientCerts'], who: string, served: boolean]>([
    ['none', 'stranger', true],
    ['optional', '', true],
    ['optional', 'guest', true],
    ['optional', 'stranger', false],
    ['required', '', false],
    ['required', 'guest', true],
    ['required', 'stranger', false],
  ])('%s: a client "%s" is served: %s', async (clientCerts, who, isServed) => {
    await using server = await served(hello, { tls: tlsFiles({ ...OFFICE, clientCerts }) })
    const before = calls
    const socket = await secured(server, who === '' ? {} : asClient(who))
    expect(await ask(socket)).toBe(isServed ? 'HTTP/1.1 200 OK' : '')
    expect(calls - before).toBe(isServed ? 1 : 0)
    socket.destroy()
    const refused = server.lines.filter((line) => /handshake failed|refused/.test(line))
    expect(refused).toHaveLength(isServed ? 0 : 1)
  })

  it('are refused if their certificate is revoked', async () => {
    const tls = tlsFiles({ ...OFFICE, clientCerts: 'optional', crl: `${TLS}office.crl` })
    await using server = await served(hello, { tls })
    const guest = await secured(server, asClient('guest'))
    expect(await ask(guest)).toBe('HTTP/1.1 200 OK')
    const revoked = await secured(server, asClient('revoked'))
    expect(await ask(revoked)).toBe('')
    for (const socket of [guest, revoked]) socket.destroy()
  })

  it('have at least the lowest version', async () => {
    await using server = await served(hello, {
      tls: tlsFiles({ pairs: [SHOP], minVersion: 'TLSv1.3' }),
    })
    await expect(secured(server, { maxVersion: 'TLSv1.2' })).rejects.toThrow(
      /alert protocol version/,
    )
  })
})
