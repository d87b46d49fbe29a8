// report() and metrics() in a worker: the master answers, or the worker for itself alone.

import { describe, expect, it } from 'vitest'
import { figuresOf } from '../../../src/async/exchange-context.ts'
import { mount } from '../../../src/bridge/mount.ts'
import { metrics } from '../../../src/report/metrics/metrics.ts'
import { report } from '../../../src/report/report.ts'
import { testClient } from '../../../src/testing/test-client.ts'
import { parseMetrics } from '../metrics/parse-metrics.ts'
import type { ControlMaster, ControlRequest } from '../../../src/contract/control.ts'
import type { EventApp } from '../../../src/contract/events.ts'
import type { Report } from '../../../src/contract/report.ts'
import type { TestClient } from '../../../src/testing/client.ts'

/** A server whose figures have this master. */
async function workerOf(master: ControlMaster): Promise<TestClient> {
  const table = mount({ '/report': report({ control: true }), '/metrics': metrics() })
  const app: EventApp = async (scope, receive, send) => {
    if (scope.type === 'lifespan') return table(scope, receive, send)
    const { server } = figuresOf(scope) ?? {}
    if (server) server.master = master
    return table(scope, receive, send)
  }
  return testClient(app, { figures: true, identity: false, log: null })
}

const SILENT: ControlMaster = {
  ask: () => Promise.reject(new Error('the master has not answered within 3 s')),
}

describe('the operator apps in a worker', () => {
  it('pass the answers of the master on, and send it no field but the type of the content', async () => {
    const requests: ControlRequest[] = []
    await using client = await workerOf({
      async ask(request) {
        requests.push(request)
        return { status: 200, headers: [['content-type', 'text/plain']], body: 'of all' }
      },
    })
    const cookie = { cookie: 'secret=1' }
    for (const path of ['/report/report.json', '/metrics']) {
      expect((await client.get(path, { headers: cookie })).text()).toBe('of all')
    }
    await client.request('PATCH', '/report/migrations?path=/orders', {
      headers: { ...cookie, 'content-type': 'application/json' },
      body: '{"share":1}',
    })
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /report',
      'GET /metrics',
      'PATCH /migrations',
    ])
    expect(requests[2]).toMatchObject({
      queryString: 'path=/orders',
      headers: [['content-type', 'application/json']],
      body: '{"share":1}',
      by: 'the page of the report',
    })
    expect(requests[0]?.headers).toEqual([])
  })

  it('show the worker alone if the master is silent, and say so', async () => {
    await using client = await workerOf(SILENT)
    const own = (await client.get('/report/report.json')).json() as Report
    expect([own.isComplete, own.workers, own.process.pid]).toEqual([false, [], process.pid])
    const { values } = parseMetrics((await client.get('/metrics')).text())
    expect(values.get('isthmus_report_complete')).toBe(0)
  })

  it('change nothing if the master is silent', async () => {
    await using client = await workerOf(SILENT)
    const response = await client.request('POST', '/report/migrations/rollback?path=/orders', {
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect([response.status, response.json()]).toEqual([
      503,
      { error: 'the master has not answered within 3 s' },
    ])
  })
})
