// The addresses of a server, and the handles and listeners that it must not leave open.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { answer, httpApp, served } from './served.ts'
import type { EventApp } from 'isthmus'
import type { AddressInfo } from 'node:net'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const hello = httpApp((_scope, _receive, send) => answer(send, 'hello'))

describe('an address', () => {
  it('is a free port for port 0', async () => {
    await using server = await served(hello)
    const { address, url } = server.server
    expect(address).toMatchObject({ host: '127.0.0.1' })
    expect(url).toBe(`http://127.0.0.1:${'port' in address ? address.port : ''}`)
    expect(await (await fetch(url)).text()).toBe('hello')
  })

  it('in use rejects with EADDRINUSE, and the lifespan is shut down', async () => {
    const steps: string[] = []
    const app: EventApp = async (_scope, receive, send) => {
      for await (const { type } of receive) {
        steps.push(type)
        if (type === 'lifespan.startup') await send({ type: 'lifespan.startup.complete' })
        else await send({ type: 'lifespan.shutdown.complete' })
      }
    }
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    await expect(serve(app, { port, log: null })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    other.close()
    expect(steps).toEqual(['lifespan.startup', 'lifespan.shutdown'])
  })

  it('may be a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-uds-'))
    const app = httpApp(async ({ client, server }, _receive, send) =>
      answer(send, JSON.stringify({ client, server })),
    )
    const uds = join(folder, 'socket')
    await using server = await served(app, { uds })
    expect(server.server.url).toBe(`unix:${uds}`)
    using client = await server.connect()
    client.send(GET)
    expect(JSON.parse((await client.response()).body)).toEqual({
      client: null,
      server: [uds, null],
    })
    rmSync(folder, { recursive: true })
  })

  it('on a unix socket cuts a response that fails after its head, too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-uds-'))
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'half', moreBody: true })
      throw new Error('broken')
    })
    await using server = await served(app, { uds: join(folder, 'socket') })
    using client = await server.connect()
    client.send(GET)
    expect(await client.rest()).toMatch(/4\r\nhalf\r\n$/)
    rmSync(folder, { recursive: true })
  })
})

describe('ten thousand requests', () => {
  it('leave no listener and no handle open', async () => {
    await using server = await served(hello, { keepAliveTimeoutMs: 60_000 })
    using client = await server.connect()
    const batch = async (count: number, request: string): Promise<void> => {
      client.send(request.repeat(count))
      for (let index = 0; index < count; index += 1) await client.response()
    }
    const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
    const resources = (): number =>
      process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length

    await batch(100, GET + post)
    const before = resources()
    const listeners = process.eventNames().map((name) => process.listenerCount(name))
    for (let round = 0; round < 50; round += 1) await batch(100, GET + post)
    expect(resources()).toBeLessThanOrEqual(before)
    expect(process.eventNames().map((name) => process.listenerCount(name))).toEqual(listeners)
  })

  it('on a connection each leave no handle open', async () => {
    await using server = await served(hello)
    const resources = (): number =>
      process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length
    const before = resources()
    for (let index = 0; index < 500; index += 1) {
      using client = await server.connect()
      client.send(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
      await client.rest()
    }
    expect(resources()).toBeLessThanOrEqual(before + 2)
  })
})
