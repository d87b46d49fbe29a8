// The report of a server with four mounts finds the one that blocks, the one that queues and the one that waits for others.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { remote } from '../../src/adapters/remote/remote.ts'
import { mount } from '../../src/bridge/mount.ts'
import { events } from '../../src/bridge/style.ts'
import { threads } from '../../src/hosting/threads.ts'
import { snapshot } from '../../src/report/snapshot.ts'
import { serve } from '../../src/server/serve.ts'
import { holdLoop } from '../figures/hold-loop.ts'
import type { EventApp } from '../../src/contract/events.ts'
import type { AddressInfo } from 'node:net'
import type { MountReport, Report } from '../../src/contract/report.ts'
import type { Server } from '../../src/server/serve.ts'

const REQUESTS = 24

/** An app that answers after `work`. */
function answers(work: () => Promise<void>): EventApp {
  return events(async (scope, _receive, send) => {
    if (scope.type !== 'http') return
    await work()
    await send({ type: 'http.response.start', status: 200, headers: [] })
    await send({ type: 'http.response.body', body: 'done' })
  })
}

const fine = answers(async () => undefined)

// The block comes after an await, in a turn of the event loop that no request has begun.
const blocks = answers(async () => {
  await sleep(1)
  holdLoop(30)
})

// The server elsewhere that is slow.
const elsewhere = createServer((_request, response) => {
  void sleep(150).then(() => response.end('done'))
})

let server: Server
let quiet: Report
let report: Report

beforeAll(async () => {
  elsewhere.listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  const slow = remote(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`)
  const queues = threads(new URL('sleeping-app.ts', import.meta.url), { min: 1, max: 1 })
  const app = mount({ '/blocks': blocks, '/queues': queues, '/slow': slow, '/': fine })
  server = await serve(app, { port: 0, figures: true, log: null })
  quiet = reportNow()
  for (const path of ['/', '/blocks', '/queues', '/slow']) {
    const requests = Array.from({ length: REQUESTS }, () => fetch(server.url + path))
    for (const response of await Promise.all(requests)) await response.text()
  }
  report = reportNow()
}, 60_000)
afterAll(async () => {
  await server.close()
  elsewhere.closeAllConnections()
  elsewhere.close()
})

function reportNow(): Report {
  if (server.figures === null) throw new Error('the server has no figures')
  return snapshot(server.figures)
}

function mountAt(path: string): MountReport {
  return report.mounts.find((one) => one.path === path) as MountReport
}

function adviceFor(path: string): string[] {
  return report.advice.filter((one) => one.path === path).map(({ kind, text }) => `${kind} ${text}`)
}

describe('the report of a server with four mounts', () => {
  it('counts the requests of each mount', () => {
    expect(report.mounts.map(({ path, hosting, style }) => [path, hosting, style])).toEqual([
      ['/blocks', 'loop', 'events'],
      ['/queues', 'threads', 'sync'],
      ['/slow', 'remote', null],
      ['/', 'loop', 'events'],
    ])
    for (const { requests } of report.mounts) {
      expect(requests).toMatchObject({ inFlight: 0, total: REQUESTS, byClass: { 2: REQUESTS } })
    }
  })

  it('finds the app that holds the event loop after an await', () => {
    const { loop } = mountAt('/blocks')
    expect(loop.blocks).toBeGreaterThanOrEqual(REQUESTS / 2)
    expect(loop.longestBlockMs).toBeGreaterThanOrEqual(29)
    expect(adviceFor('/blocks')).toEqual([
      expect.stringMatching(
        /^blocks-the-loop \/blocks holds the event loop: \d+ times for 25 ms or longer, at most \d+ ms, \d+ % of the time\. .*threads\(\)\.$/,
      ),
    ])
  })

  it('finds the pool whose requests wait', () => {
    expect(mountAt('/queues').pool).toMatchObject({ ready: 1, refused: 0 })
    expect(adviceFor('/queues')[0]).toMatch(
      /^waits-for-a-thread \/queues has requests that wait for a thread: \d+ ms at p99, beside \d+ ms of work; .* 1 thread, busy \d+ % of the time\. Raise --threads, or make its requests shorter\.$/,
    )
    expect(adviceFor('/queues')[1]).toMatch(/^migrate-next /)
  })

  it('finds the upstream that is slow', () => {
    expect(mountAt('/slow').targets).toMatchObject([{ state: 'up', completed: REQUESTS }])
    expect(adviceFor('/slow')).toEqual([
      expect.stringMatching(
        /^slow-upstream \/slow waits for http:\/\/127\.0\.0\.1:\d+: \d{3,} ms to the head of a response at p50, .* The time is spent in that server, not in this one\.$/,
      ),
    ])
  })

  it('says nothing of the app that is fine, or of a server without load', () => {
    expect(adviceFor('/')).toEqual([])
    expect(quiet.advice).toEqual([])
  })
})
