// An app that passes the signal of its exchange on fails when its client leaves or the server shuts down: no error.

import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { fromFetch } from '../../src/adapters/fetch/from-fetch.ts'
import { fromNode } from '../../src/adapters/node/from-node.ts'
import { events, iterable } from '../../src/bridge/style.ts'
import { chain } from '../../src/chain/chain.ts'
import { threads } from '../../src/hosting/threads.ts'
import { errorPage } from '../../src/middleware/error-page.ts'
import { timeout } from '../../src/middleware/timeout.ts'
import { serve } from '../../src/server/serve.ts'
// @ts-expect-error It is JavaScript, as the threads load it.
import * as apps from '../fixtures/threads/own-signal.js'
import type { Log, LogLine } from '../../src/contract/log.ts'
import type { EventApp } from '../../src/contract/events.ts'
import type { Server } from '../../src/server/serve.ts'

const DEADLINE_MS = 30_000
const MODULE = new URL('../fixtures/threads/own-signal.js', import.meta.url)

const lines: string[] = []
const line = (level: string): LogLine => {
  return (_fields, message) => void lines.push(`${level}: ${message}`)
}
const log: Log = {
  debug: line('debug'),
  info: line('info'),
  warn: line('warn'),
  error: line('error'),
}

const pool = (name: string): EventApp =>
  threads(MODULE, { export: name, style: name === 'feed' ? 'iterable' : 'events', min: 1, max: 1 })

const table = {
  '/live': events(apps.live as EventApp),
  '/socket': events(apps.socket as EventApp),
  '/feed': iterable(apps.feed as never),
  '/derived': events(apps.derived as EventApp),
  '/handler': fromNode(apps.handler as never),
  '/fetching': fromFetch(apps.fetching as never),
  '/working': fromFetch(apps.working as never),
  '/page': chain(errorPage())(events(apps.live as EventApp)),
  '/threads/live': pool('live'),
  '/threads/feed': pool('feed'),
  '/threads/socket': pool('socket'),
} as const

/** Sends a GET, waits for the first part of the response, and leaves. */
async function getAndLeave(server: Server, path: string): Promise<void> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
  let text = ''
  const signal = AbortSignal.timeout(DEADLINE_MS)
  while (!text.includes('begun')) text += String((await once(socket, 'data', { signal }))[0])
  socket.resetAndDestroy()
}

async function openAndLeave(server: Server, path: string): Promise<void> {
  const socket = new WebSocket(server.url.replace('http', 'ws') + path)
  await once(socket, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) })
  socket.terminate()
}

describe('an app that fails with the reason of its signal', () => {
  let server: Server
  beforeAll(async () => {
    server = await serve(table, { port: 0, log, lifespan: 'off' })
  }, 60_000)
  afterAll(() => server.close({ graceMs: 0 }))

  it.each(Object.keys(table))(
    '[3b.8] is not logged as an error when its client leaves: %s',
    async (path) => {
      lines.length = 0
      await (path.endsWith('socket') ? openAndLeave(server, path) : getAndLeave(server, path))
      const isOver = (): boolean =>
        server.stats().requests.inFlight + server.stats().webSockets.open === 0
      await vi.waitUntil(isOver, { timeout: DEADLINE_MS })
      // A line from a thread, or about work after the response, may come later.
      await sleep(50)
      expect(lines.filter((one) => !one.startsWith('debug: '))).toEqual([])
    },
  )
})

describe('an app that fails with the reason of a shutdown', () => {
  it.each(['/live', '/socket', '/threads/live', '/threads/socket'] as const)(
    'is not logged as an error: %s',
    async (path) => {
      lines.length = 0
      const server = await serve(
        { [path]: table[path] },
        { port: 0, log, graceMs: 2_000, drainIdleMs: 0 },
      )
      const { hostname, port } = new URL(server.url)
      if (path.endsWith('socket')) {
        const socket = new WebSocket(server.url.replace('http', 'ws') + path)
        await once(socket, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) })
      } else {
        const socket = connect(Number(port), hostname).on('error', () => undefined)
        socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
        await once(socket, 'data', { signal: AbortSignal.timeout(DEADLINE_MS) })
      }
      await server.close()
      expect(
        lines.filter((one) => /^(?:warn|error)/.test(one) && !one.includes('no lifespan')),
      ).toEqual([])
    },
    30_000,
  )
})

describe('an app that fails with the reason of timeout()', () => {
  it('is not logged as an error, because the middleware has answered', async () => {
    lines.length = 0
    const app = chain(timeout({ timeoutMs: 20 }))(
      events(async (scope) => {
        if (scope.type !== 'http') throw new Error('no')
        await sleep(DEADLINE_MS, undefined, {
          signal: scope['isthmus.exchange']?.signal,
          ref: false,
        })
      }),
    )
    await using server = await serve(app, { port: 0, log, lifespan: 'off' })
    const response = await fetch(server.url, { signal: AbortSignal.timeout(DEADLINE_MS) })
    expect(response.status).toBe(504)
    await sleep(50)
    expect(lines.filter((one) => one.startsWith('error'))).toEqual([])
  })
})
