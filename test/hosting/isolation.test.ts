// An app that harms its thread costs its own request, and nothing else.

import { once } from 'node:events'
import { mount, threads, websocket } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { served } from '../raw/served.ts'
import type { ThreadOptions } from 'isthmus'
import type { Served } from '../raw/served.ts'

const APP = new URL('../fixtures/threads/pool-app.js', import.meta.url)
const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

function pool(options: ThreadOptions = {}): Promise<Served> {
  const app = mount({ '/live': echo, '/': threads(APP, { max: 1, ...options }) })
  return served(app, { lifespan: 'on', graceMs: 5_000 })
}

async function statusOf({ server }: Served, path: string): Promise<number> {
  const response = await fetch(server.url + path, { signal: AbortSignal.timeout(30_000) })
  await response.text()
  return response.status
}

describe('a request that ends its thread', { timeout: 60_000 }, () => {
  it('[3c.24] by process.exit() is 500, and the next one finds another thread', async () => {
    await using server = await pool()
    expect(await statusOf(server, '/exit/3')).toBe(500)
    expect(await statusOf(server, '/')).toBe(200)
    expect(server.lines.join('\n')).toContain('the thread ended with status 3')
  })

  it('[3c.24] by its heap is 500', async () => {
    await using server = await pool({ resourceLimits: { maxOldGenerationSizeMb: 24 } })
    expect(await statusOf(server, '/heap')).toBe(500)
    expect(await statusOf(server, '/')).toBe(200)
  })

  it('[3c.25] that never ends is 504, with the stack of the stuck code in the log', async () => {
    const stacks: unknown[] = []
    const log = { debug: skip, info: skip, warn: skip, error: note }
    function note(fields: Record<string, unknown>): void {
      if (fields['stack'] !== undefined) stacks.push(fields['stack'])
    }
    const app = threads(APP, { max: 1, timeoutMs: 300 })
    await using server = await served(app, { lifespan: 'on', log })
    expect(await statusOf(server, '/loop')).toBe(504)
    expect(await statusOf(server, '/')).toBe(200)
    expect(stacks).toEqual([expect.stringContaining('at loopForEver (file://')])
  })

  it('[3c.25] after its head is cut, not ended', async () => {
    await using server = await pool({ timeoutMs: 300 })
    const response = await fetch(`${server.server.url}/headThenLoop`)
    await expect(response.text()).rejects.toThrow('terminated')
    expect(await statusOf(server, '/')).toBe(200)
  })

  it('[3c.31] by a late error, after its response, costs no other request', async () => {
    await using server = await pool()
    for (const deed of ['/later', '/reject']) {
      expect(await statusOf(server, deed)).toBe(200)
      for (let count = 0; count < 10; count += 1) expect(await statusOf(server, '/')).toBe(200)
    }
  })

  it('[3c.12] by nothing at all, but throws, is 500 in a thread that goes on', async () => {
    await using server = await pool()
    const before = await (await fetch(`${server.server.url}/`)).text()
    expect(await statusOf(server, '/throw')).toBe(500)
    expect(await (await fetch(`${server.server.url}/`)).text()).toBe(before)
  })

  it('lets WebSockets and other requests be, however often it happens', async () => {
    await using server = await pool({ min: 2, max: 2, timeoutMs: 2_000 })
    const sockets = Array.from({ length: 10 }, () => open(server))
    await Promise.all(sockets.map((socket) => once(socket, 'open')))
    const deeds = Array.from({ length: 100 }, (_, at) => (at % 10 === 5 ? '/exit/1' : '/'))
    const statuses = await Promise.all(deeds.map((deed) => statusOf(server, deed)))
    expect(statuses).toEqual(deeds.map((deed) => (deed === '/' ? 200 : 500)))
    for (const socket of sockets) {
      socket.send('still there?')
      const [message] = await once(socket, 'message', { signal: AbortSignal.timeout(30_000) })
      expect(String(message)).toBe('still there?')
      socket.terminate()
    }
  })
})

function open({ server }: Served): WebSocket {
  return new WebSocket(`${server.url.replace('http', 'ws')}/live`)
}

function skip(): void {}
