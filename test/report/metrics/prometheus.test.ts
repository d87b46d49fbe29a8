// The metrics as text: the values of a report, and the format.

import { register } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { loadPrometheus } from '../../../src/report/metrics/prometheus.ts'
import { EXAMPLE_MIGRATION, EXAMPLE_REPORT, EXAMPLE_WORKER } from '../example-report.ts'
import { parseMetrics } from './parse-metrics.ts'
import type { Metrics } from './parse-metrics.ts'
import type { Report } from '../../../src/contract/report.ts'
import type { ProcessMetrics } from '../../../src/report/metrics/prometheus.ts'

async function metrics(report: Report = EXAMPLE_REPORT): Promise<Metrics> {
  const prometheus = await loadPrometheus()
  return parseMetrics(await prometheus.text(report, null))
}

describe('the metrics', () => {
  it('have the figures of each mount', async () => {
    const { types, values } = await metrics()
    expect(types.get('http_server_requests_total')).toBe('counter')
    expect(values.get('http_server_requests_total{mount="/",class="2xx"}')).toBe(119_000)
    expect(values.get('http_server_requests_total{mount="/",class="5xx"}')).toBe(20)
    expect(values.get('http_server_active_requests{mount="/legacy"}')).toBe(14)
    expect(values.get('http_server_broken_requests_total{mount="/",outcome="disconnected"}')).toBe(
      7,
    )
    expect(values.get('http_server_refused_requests_total')).toBe(4)
    expect(values.get('isthmus_websockets_open{mount="/live"}')).toBe(3)
    expect(values.get('isthmus_loop_busy_seconds_total{mount="/"}')).toBe(41)
    expect(values.get('isthmus_loop_longest_block_seconds{mount="/"}')).toBeCloseTo(0.0312)
    expect(values.get('isthmus_mount_info{mount="/legacy",style="sync",hosting="threads"}')).toBe(1)
  })

  it('have durations as a histogram, which can be added up over servers', async () => {
    const { types, values } = await metrics()
    const name = 'http_server_request_duration_seconds'
    expect(types.get(name)).toBe('histogram')
    expect(
      [...values].filter(([key]) => key.startsWith(name) && key.includes('mount="/"')),
    ).toEqual([
      [`${name}_bucket{mount="/",le="0.001"}`, 80_000],
      [`${name}_bucket{mount="/",le="0.0025"}`, 110_000],
      [`${name}_bucket{mount="/",le="10"}`, 119_999],
      [`${name}_bucket{mount="/",le="+Inf"}`, 120_000],
      [`${name}_sum{mount="/"}`, 132],
      [`${name}_count{mount="/"}`, 120_000],
    ])
  })

  it('have channels', async () => {
    const { types, values } = await metrics()
    expect(types.get('isthmus_channels_published_messages_total')).toBe('counter')
    expect(values.get('isthmus_channels_connected')).toBe(1)
    expect(values.get('isthmus_channels_dropped_messages_total{at="slow"}')).toBe(10)
    expect(values.get('isthmus_channels_gaps_total{reason="slow"}')).toBe(1)
  })

  it('have pools, targets and migrations', async () => {
    const { values } = await metrics()
    expect(values.get('isthmus_pool_hosts{mount="/legacy",state="ready"}')).toBe(2)
    expect(values.get('isthmus_pool_wait_seconds{mount="/legacy",stat="p99"}')).toBeCloseTo(0.1904)
    expect(values.get('isthmus_pool_utilization_ratio{mount="/legacy"}')).toBe(0.98)
    const down = '{mount="/old",target="http://127.0.0.1:3001"}'
    expect(values.get(`isthmus_target_up${down}`)).toBe(0)
    expect(values.get('isthmus_migration_share_ratio{mount="/orders"}')).toBe(0.1)
    expect(values.get('isthmus_migration_requests_total{mount="/orders",side="to"}')).toBe(1_000)
    expect(values.get('isthmus_shadow_comparisons_total{mount="/orders",result="mismatch"}')).toBe(
      12,
    )
    expect(values.get('isthmus_shadow_noise_total{mount="/orders"}')).toBe(340)
    expect(values.get('isthmus_shadow_skipped_total{mount="/orders",reason="concurrency"}')).toBe(3)
  })

  it('have nothing for a migration without a shadow', async () => {
    const report = { ...EXAMPLE_REPORT, migrations: [{ ...EXAMPLE_MIGRATION, shadow: null }] }
    const { values } = await metrics(report)
    expect([...values.keys()].filter((key) => key.startsWith('isthmus_shadow'))).toEqual([])
    expect(values.get('isthmus_migration_share_ratio{mount="/orders"}')).toBe(0.1)
  })

  it('have the process, and leave the registry of the user alone', async () => {
    const { values } = await metrics()
    expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(1e6)
    expect([...values.keys()].some((key) => key.startsWith('nodejs_eventloop_lag'))).toBe(true)
    expect(await register.metrics()).toBe('\n')
  })

  it('escape the values of labels', async () => {
    const [mount] = EXAMPLE_REPORT.mounts
    const path = '/a"b\\c\nd'
    const { values } = await metrics({ ...EXAMPLE_REPORT, mounts: [{ ...mount!, path }] })
    expect(values.has('http_server_active_requests{mount="/a\\"b\\\\c\\nd"}')).toBe(true)
  })

  it('are named by the rules: base units, and _total for counters alone', async () => {
    const { types } = await metrics()
    const own = [...types].filter(([name]) => /^(http_server|isthmus)_/.test(name))
    expect(own.length).toBeGreaterThan(25)
    for (const [name, type] of own) {
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
      expect(name).not.toMatch(/_(ms|milliseconds|percent)(_|$)/)
    }
  })

  it('have the workers, and the process metrics of each, only for a server with workers', async () => {
    const prometheus = await loadPrometheus()
    expect(await prometheus.text(EXAMPLE_REPORT, null)).not.toContain('worker')
    const silent = { ...EXAMPLE_WORKER, worker: 2, answered: false }
    const draining = { ...EXAMPLE_WORKER, state: 'draining' as const }
    const workers = [EXAMPLE_WORKER, draining, silent]
    const report = { ...EXAMPLE_REPORT, workers, isComplete: false }
    const own = JSON.parse(JSON.stringify(await prometheus.ownMetrics())) as ProcessMetrics
    const { values } = parseMetrics(await prometheus.text(report, new Map([['1', own]])))
    expect(values.get('isthmus_workers{state="ready"}')).toBe(2)
    expect(values.get('isthmus_workers{state="draining"}')).toBe(1)
    expect(values.get('isthmus_report_complete')).toBe(0)
    expect(values.get('isthmus_worker_answered{worker="2"}')).toBe(0)
    expect(values.get('isthmus_worker_requests_total{worker="1"}')).toBe(70_000)
    for (const worker of ['master', '1']) {
      expect(values.get(`process_resident_memory_bytes{worker="${worker}"}`)).toBeGreaterThan(1)
    }
    expect(
      [...values.keys()].some((key) => key.startsWith('process_') && !key.includes('worker')),
    ).toBe(false)
  })
})
