// The PROXY protocol as the real HAProxy writes it.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { tlsFiles } from 'isthmus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../raw/free-port.ts'
import { answer, httpApp, served } from '../raw/served.ts'
import { startChild } from './child.ts'
import type { IncomingMessage } from 'node:http'
import type { Served } from '../raw/served.ts'
import type { Child } from './child.ts'

const DEADLINE_MS = 30_000
const ends = httpApp(async ({ client, scheme }, _receive, send) => {
  await answer(send, JSON.stringify([client, scheme]))
})

/** Asks through the proxy from an address of its own, and returns the answer and the port that the request came from. */
async function askFrom(
  localAddress: string,
  port: number,
): Promise<[answer: unknown, from: number]> {
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const asked = request({ host: '127.0.0.1', port, localAddress, agent: false, signal }).end()
  const [message] = (await once(asked, 'response', { signal })) as [IncomingMessage]
  const { localPort = 0 } = message.socket
  return [JSON.parse(await text(message)), localPort]
}

async function untilAnswering(port: number): Promise<void> {
  const until = performance.now() + DEADLINE_MS
  for (;;) {
    try {
      return void (await askFrom('127.0.0.1', port))
    } catch (error) {
      if (performance.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function has(command: string): boolean {
  try {
    execFileSync(command, ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const hasProxy = has('haproxy')

describe.skipIf(!hasProxy)('HAProxy in front', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-haproxy-'))
  const servers: Served[] = []
  const ports: Record<string, number> = {}
  let proxy: Child

  beforeAll(async () => {
    const pair = { cert: 'test/fixtures/tls/server.pem', key: 'test/fixtures/tls/server.key' }
    const [plain, secure] = await Promise.all([
      served(ends, { proxyProtocol: 'always' }),
      served(ends, { proxyProtocol: 'always', tls: tlsFiles({ pairs: [pair] }) }),
    ])
    servers.push(plain, secure)
    const portOf = ({ server }: Served): number => (server.address as { port: number }).port
    const kinds = [
      ['send-proxy', portOf(plain), 'send-proxy check inter 100ms'],
      ['send-proxy-v2', portOf(plain), 'send-proxy-v2 check inter 100ms'],
      ['send-proxy-v2-ssl', portOf(plain), 'send-proxy-v2-ssl-cn'],
      ['send-proxy-v2 and TLS', portOf(secure), 'send-proxy-v2 ssl verify none'],
    ] as const
    const sections = await Promise.all(
      kinds.map(async ([name, port, words], at) => {
        ports[name] = await freePort()
        return `listen l${at}\n  bind 127.0.0.1:${ports[name]}\n  server s 127.0.0.1:${port} ${words}\n`
      }),
    )
    const timeouts = ['client', 'server', 'connect'].map((name) => `  timeout ${name} 10s\n`)
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, `defaults\n  mode tcp\n${timeouts.join('')}${sections.join('')}`)
    proxy = startChild(['haproxy', '-db', '-f', file])
    await Promise.all(Object.values(ports).map(untilAnswering))
  }, 60_000)

  afterAll(async () => {
    await proxy.stop('SIGTERM')
    for (const server of servers) await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  it.each([
    ['send-proxy', 'http'],
    ['send-proxy-v2', 'http'],
    ['send-proxy-v2-ssl', 'http'],
    ['send-proxy-v2 and TLS', 'https'],
  ])('%s tells the address of the client', async (name, scheme) => {
    const [told, from] = await askFrom('127.0.0.9', ports[name] ?? 0)
    expect(told).toEqual([['127.0.0.9', from], scheme])
  })

  it('logs nothing about the checks of the health of the server', () => {
    expect(servers.flatMap(({ lines }) => lines)).toEqual([])
  })
})
