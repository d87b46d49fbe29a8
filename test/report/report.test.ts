// report(): the page and the figures of the server that has the mount.

import { describe, expect, it } from 'vitest'
import { mount } from '../../src/bridge/mount.ts'
import { events } from '../../src/bridge/style.ts'
import { InvalidOptionError } from '../../src/errors.ts'
import { report } from '../../src/report/report.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { Report } from '../../src/contract/report.ts'
import type { TestClientOptions } from '../../src/testing/test-client.ts'

const OPTIONS: TestClientOptions = { figures: true, identity: false }

const hello = events(async (_scope, _receive, send) => {
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: 'hello' })
})
const app = mount({ '/report': report(), '/': hello })

describe('report()', () => {
  it('shows the figures of its server as JSON, those of its own request among them', async () => {
    await using client = await testClient(app, OPTIONS)
    await client.get('/some/path')
    const response = await client.get('/report/report.json')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const { version, requests, mounts, process: own, advice } = response.json() as Report
    expect(version).toBe(1)
    expect(requests).toEqual({ inFlight: 1, total: 2 })
    expect(own.pid).toBe(process.pid)
    expect(advice).toEqual([])
    expect(
      mounts.map(({ path, requests: { inFlight, total } }) => [path, inFlight, total]),
    ).toEqual([
      ['/report', 1, 1],
      ['/', 0, 1],
    ])
  })

  it('shows its page in its folder', async () => {
    await using client = await testClient(app, OPTIONS)
    const moved = await client.get('/report')
    expect([moved.status, moved.headers.get('location')]).toEqual([307, 'report/'])
    const page = await client.get('/report/')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
  })

  it('answers 503 if its server keeps no figures', async () => {
    await using client = await testClient(app, { ...OPTIONS, figures: false })
    const response = await client.get('/report/report.json')
    expect(response.status).toBe(503)
    expect(response.json()).toEqual({
      error:
        'this server keeps no figures: serve(app, { figures: true }), or isthmus serve --figures',
    })
  })

  it('changes nothing without the option control', async () => {
    await using client = await testClient(app, OPTIONS)
    const response = await client.request('PATCH', '/report/migrations?path=/', {
      headers: { 'content-type': 'application/json' },
      body: '{ "share": 1 }',
    })
    expect(response.status).toBe(403)
  })

  it('has no lifespan of its own, and denies WebSockets', async () => {
    await using client = await testClient(app, { ...OPTIONS, lifespan: 'on' })
    await expect(client.websocket('/report/')).rejects.toThrow()
  })

  it('refuses unknown options', () => {
    expect(() => report({ password: 'x' } as object)).toThrow(InvalidOptionError)
    expect(() => report({ control: 'yes' } as never)).toThrow(
      'report(): option "control" cannot be \'yes\'',
    )
  })
})
