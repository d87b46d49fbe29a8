// The figures of a running server: each exchange counts at the mount that has it, by the way in which it ended.

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { websocket } from '../../src/async/websocket-app.ts'
import { fromNode } from '../../src/adapters/node/from-node.ts'
import { mount } from '../../src/bridge/mount.ts'
import { events, sync } from '../../src/bridge/style.ts'
import { chain } from '../../src/chain/chain.ts'
import { requestId } from '../../src/middleware/request-id.ts'
import { snapshot } from '../../src/report/snapshot.ts'
import { serve } from '../../src/server/serve.ts'
import { recordingLog } from '../bridge/host.ts'
import { eventually } from '../hosting/behaviour-host.ts'
import { holdLoop } from './hold-loop.ts'
import type { HostedApp } from '../../src/bridge/as-event-app.ts'
import type { Environ, StartResponse } from '../../src/contract/environ.ts'
import type { EventApp } from '../../src/contract/events.ts'
import type { MountReport } from '../../src/contract/report.ts'
import type { Server } from '../../src/server/serve.ts'
import type { ServeOptions } from '../../src/server/options.ts'

const hello = events(async (_scope, _receive, send) => {
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: 'hello' })
})

/** Never answers; with `hasHead` it begins a response. */
function hangs(hasHead: boolean): EventApp {
  return events(async (_scope, receive, send) => {
    if (hasHead) {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
    }
    for await (const event of receive) if (event.type === 'http.disconnect') break
  })
}

function heldBody(_environ: Environ, startResponse: StartResponse): string[] {
  holdLoop(80)
  startResponse('200 OK', [])
  return ['late']
}

async function started(app: HostedApp, options: ServeOptions = {}): Promise<Server> {
  const base = { port: 0, figures: true, log: null, lifespan: 'off', graceMs: 500 } as const
  return serve(app, { ...base, drainIdleMs: 0, ...options })
}

function mounts({ figures }: Server): Record<string, MountReport> {
  if (figures === null) throw new Error('the server has no figures')
  return Object.fromEntries(snapshot(figures).mounts.map((one) => [one.path, one]))
}

async function get(server: Server, path: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(server.url + path, { signal: AbortSignal.timeout(30_000), ...init })
  await response.arrayBuffer()
  return response.status
}

/** Requests `path`, and leaves when the first bytes come, or after a tenth of a second. */
async function leave({ address }: Server, path: string): Promise<void> {
  const socket = connect(address as { port: number; host: string })
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`)
  await Promise.race([once(socket, 'data'), sleep(100)])
  socket.destroy()
}

describe('the figures of a server', () => {
  it('name the mount of an app that holds the event loop in the log, once for each block', async () => {
    const log = recordingLog()
    const blocking = fromNode(async (_req, res) => {
      await sleep(15)
      holdLoop(80)
      res.end('late')
    })
    const app = mount({ '/slow': blocking, '/sync': sync(heldBody), '/': hello })
    await using server = await started(app, { log })
    for (const path of ['/', '/slow', '/sync']) expect(await get(server, path)).toBe(200)
    const remedy = 'held the event loop; host it in threads() to keep everything else responsive'
    expect(log.lines).toEqual([`warn: an app ${remedy}`, `warn: an inline sync app ${remedy}`])
    expect(log.fields).toMatchObject([{ mount: '/slow' }, { mount: '/sync' }])
    expect(log.fields[0]?.['heldMs']).toBeGreaterThanOrEqual(79)
  })

  it('are none without the option', async () => {
    await using server = await serve(hello, { port: 0, log: null })
    expect(server.figures).toBeNull()
  })

  it('count a server without a table at its root', async () => {
    await using server = await started(hello)
    expect(await get(server, '/any/path')).toBe(200)
    expect(await get(server, '/', { method: 'HEAD' })).toBe(200)
    const { '/': root } = mounts(server)
    expect(root).toMatchObject({
      style: 'events',
      hosting: 'loop',
      requests: { inFlight: 0, total: 2, byClass: { 2: 2 }, disconnected: 0, aborted: 0 },
    })
    expect(root?.requests.perSecond).toBeGreaterThan(0)
    expect(root?.latencyMs.p50).toBeGreaterThan(0)
    expect(root?.loop.busyMs).toBeGreaterThan(0)
  })

  it('count nested mounts at the innermost path, and the 404 of a table at its own', async () => {
    const inner = mount({ '/deep': hello, '/': hello })
    const closed = mount({ '/only': hello })
    const app = chain(requestId())(mount({ '/outer': inner, '/closed': closed }))
    await using server = await started(app, { rootPath: '/api' })
    const paths = ['/outer/deep/x', '/outer', '/closed/only', '/closed/other', '/nowhere']
    for (const path of paths) await get(server, path)
    const totals = Object.values(mounts(server)).map(({ path, requests }) => {
      return [path, requests.total, requests.byClass]
    })
    expect(totals).toEqual([
      ['/api/outer/deep', 1, { 2: 1 }],
      ['/api/outer', 1, { 2: 1 }],
      ['/api/closed/only', 1, { 2: 1 }],
      ['/api', 1, { 4: 1 }],
      ['/api/closed', 1, { 4: 1 }],
    ])
  })

  it('keep to the mounts of the app if a middleware sets other root paths', async () => {
    const shifted = (app: ReturnType<typeof mount>): HostedApp =>
      events((scope, receive, send) => {
        if (scope.type !== 'http') return app(scope, receive, send)
        const [, tenant] = scope.path.split('/')
        return app({ ...scope, rootPath: `/${tenant}` }, receive, send)
      })
    await using server = await started(shifted(mount({ '/a': hello })))
    for (let tenant = 0; tenant < 5; tenant += 1) await get(server, `/${tenant}/a`)
    const found = Object.values(mounts(server)).map(({ path, requests }) => [path, requests.total])
    expect(found).toEqual([
      ['/', 0],
      ['/a', 5],
    ])
  })

  it('tell the clients that left before and within the response', async () => {
    await using server = await started({ '/silent': hangs(false), '/begun': hangs(true) })
    await leave(server, '/silent')
    await leave(server, '/begun')
    await eventually(() => mounts(server)['/begun']?.requests.disconnected === 1)
    await eventually(() => mounts(server)['/silent']?.requests.disconnected === 1)
    const { '/silent': silent, '/begun': begun } = mounts(server)
    expect(silent?.requests).toMatchObject({ inFlight: 0, total: 1, byClass: {} })
    // The time that a client has waited for the head is a latency, and the time of its choice is none.
    expect(silent?.latencyMs.max).toBeGreaterThan(50)
    expect(begun?.requests).toMatchObject({ inFlight: 0, total: 1, byClass: { 2: 1 } })
    expect(begun?.latencyMs.max).toBe(0)
  })

  it('tell a response that the app breaks off, and an app that throws', async () => {
    const breaks = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      throw new Error('broken')
    })
    const throws = events(async () => {
      throw new Error('thrown')
    })
    await using server = await started({ '/breaks': breaks, '/throws': throws })
    await get(server, '/breaks').catch(() => undefined)
    expect(await get(server, '/throws')).toBe(500)
    const found = mounts(server)
    expect(found['/breaks']?.requests).toMatchObject({ inFlight: 0, aborted: 1 })
    expect(found['/throws']?.requests).toMatchObject({ aborted: 0, byClass: { 5: 1 } })
  })

  it('count WebSockets apart from requests, and their time as no latency', async () => {
    const echo = websocket(async (socket) => {
      for await (const message of socket) await socket.send(message)
    })
    const denies = events(async (scope, receive, send) => {
      await receive()
      if (scope.type === 'websocket') await send({ type: 'websocket.close' })
    })
    await using server = await started({ '/live': echo, '/closed': denies })
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/live`)
    await new Promise((resolve) => socket.once('open', resolve))
    const denied = new WebSocket(`${server.url.replace('http', 'ws')}/closed`)
    await new Promise((resolve) => denied.once('error', resolve))
    expect(mounts(server)['/live']?.webSockets).toEqual({ open: 1, total: 1 })
    socket.close()
    await eventually(() => mounts(server)['/live']?.webSockets.open === 0)
    await eventually(() => mounts(server)['/closed']?.webSockets.open === 0)
    const { '/live': live, '/closed': closed } = mounts(server)
    expect(live).toMatchObject({ requests: { total: 0, byClass: {} }, latencyMs: { max: 0 } })
    expect(closed?.webSockets).toEqual({ open: 0, total: 1 })
  })

  it('find a WebSocket app that holds the event loop for a message', async () => {
    const slow = websocket(async (socket) => {
      for await (const message of socket) {
        holdLoop(40)
        await socket.send(message)
      }
    })
    await using server = await started({ '/slow': slow, '/': hello })
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/slow`)
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('now')
    await new Promise((resolve) => socket.once('message', resolve))
    socket.close()
    const { '/slow': found, '/': other } = mounts(server)
    expect(found?.loop.blocks).toBe(1)
    expect(found?.loop.longestBlockMs).toBeGreaterThanOrEqual(39)
    expect(other?.loop).toEqual({ busyMs: 0, blocks: 0, longestBlockMs: 0 })
  })

  it('measure a sync app on the loop with and without a body', async () => {
    const blocks = sync((_environ, startResponse) => {
      holdLoop(40)
      startResponse('200 OK', [])
      return ['done']
    })
    const works = sync((_environ, startResponse) => {
      holdLoop(5)
      startResponse('200 OK', [])
      return ['done']
    })
    await using server = await started({ '/blocks': blocks, '/works': works })
    for (const path of ['/blocks', '/works']) {
      await get(server, path)
      await get(server, path, { method: 'POST', body: 'a body' })
    }
    const { '/blocks': blocking, '/works': working } = mounts(server)
    expect(blocking?.loop.blocks).toBe(2)
    expect(blocking?.loop.busyMs).toBeGreaterThanOrEqual(79)
    expect(working?.loop.blocks).toBe(0)
    expect(working?.loop.busyMs).toBeGreaterThanOrEqual(9.9)
  })
})
