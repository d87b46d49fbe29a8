// metrics(): an app for a mount table.

import { describe, expect, it } from 'vitest'
import { mount } from '../../../src/bridge/mount.ts'
import { iterable } from '../../../src/bridge/style.ts'
import { metrics, metricsOf } from '../../../src/report/metrics/metrics.ts'
import { metricsAnswer } from '../../../src/report/metrics/metrics-answer.ts'
import { testClient } from '../../../src/testing/test-client.ts'
import { served } from '../../raw/served.ts'
import { wireOf } from '../../conformance/socket-host.ts'
import { EXAMPLE_REPORT } from '../example-report.ts'
import { parseMetrics } from './parse-metrics.ts'

const hello = iterable(async function* (_environ, startResponse) {
  startResponse('200 OK', [])
  yield 'hello'
})
const table = mount({ '/metrics': metrics(), '/': hello })

describe('metrics()', () => {
  it('answers with the figures of its server', async () => {
    await using client = await testClient(table, { figures: true })
    await client.get('/a')
    await client.get('/b')
    const response = await client.get('/metrics')
    expect(response.headers).toContainEqual(['cache-control', 'no-store'])
    const { values } = parseMetrics(response.text())
    expect(values.get('http_server_requests_total{mount="/",class="2xx"}')).toBe(2)
    expect(values.get('http_server_request_duration_seconds_count{mount="/"}')).toBe(2)
    const bounds = [...values.keys()].filter((key) => key.includes('_bucket{mount="/",'))
    expect(bounds).toHaveLength(17)
    expect(values.get('http_server_active_requests{mount="/metrics"}')).toBe(1)
  })

  it('answers over a socket', async () => {
    await using server = await served(table, { figures: true, lifespan: 'on' })
    using client = await server.connect()
    client.send(wireOf({ target: '/metrics' }))
    const { status, body } = await client.response()
    expect(status).toBe(200)
    expect(parseMetrics(body).types.get('isthmus_loop_utilization_ratio')).toBe('gauge')
  })

  it('answers 503 without the figures, and names the option', async () => {
    await using client = await testClient(table)
    const response = await client.get('/metrics')
    expect([response.status, response.json()]).toEqual([
      503,
      {
        error:
          'this server keeps no figures: serve(app, { figures: true }), or isthmus serve --figures',
      },
    ])
  })

  it('is read, and not written', async () => {
    await using client = await testClient(metricsOf(() => metricsAnswer(EXAMPLE_REPORT)))
    const response = await client.post('/')
    expect([response.status, response.json()]).toEqual([
      405,
      { error: 'metrics are read with GET, HEAD' },
    ])
    expect((await client.head('/')).status).toBe(200)
  })
})
