// The figures of a server as report.json shows them, through the test client.

import { describe, expect, it } from 'vitest'
import { mount } from '../../src/bridge/mount.ts'
import { events } from '../../src/bridge/style.ts'
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

describe('the figures of report.json', () => {
  it('count the request for them, which is still in flight', async () => {
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
})
