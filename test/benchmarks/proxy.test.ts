// The scenario of proxies: its rows, and one of them measured.

import { describe, expect, it } from 'vitest'
import { budgetsOn } from '../../benchmarks/budgets.ts'
import { measureScenario } from '../../benchmarks/measure.ts'
import { HTTP_PROXY, NGINX, proxy, REMOTE } from '../../benchmarks/scenarios/proxy.ts'
import { autocannonLoad } from '../../benchmarks/loads/autocannon.ts'

const TIMEOUT_MS = 60_000
const tools = { load: autocannonLoad, python: undefined }

describe('the rows of proxies', () => {
  it('are all there, or named with the program that is missing', () => {
    const { subjects, skipped } = proxy.subjects(tools)
    const names = subjects.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining([HTTP_PROXY, REMOTE]))
    expect(names.length + skipped.length).toBe(4)
    if (!names.includes(NGINX)) expect(skipped).toContain('skipped: nginx, which needs nginx')
  })

  it('have a budget beside nginx and one beside http-proxy', () => {
    const budgets = budgetsOn('v20.0.0').filter(({ scenario }) => scenario === proxy.id)
    expect(budgets.map(({ row, by, ratio }) => [row, by, ratio])).toEqual([
      [REMOTE, NGINX, 2],
      [REMOTE, HTTP_PROXY, 0.7],
    ])
  })
})

describe.skipIf(process.platform !== 'linux')('a proxy, measured (skipped without /proc)', () => {
  it(
    'has the CPU time of the proxy and of the upstream apart',
    { timeout: TIMEOUT_MS },
    async () => {
      const { subjects } = proxy.subjects(tools)
      const { result, failures } = await measureScenario(proxy, {
        subjects: subjects.filter(({ name }) => name === HTTP_PROXY),
        variants: ['get', 'post', 'stream'],
        pace: { seconds: 0.3, warmUpSeconds: 0.1 },
        rounds: 1,
        serverCores: null,
        onStep: () => undefined,
      })
      expect(failures).toEqual([])
      const { get, post, stream } = result.rows[0]?.cells ?? {}
      for (const cell of [get, post, stream]) {
        expect(cell?.median['cpuMicros']).toBeGreaterThan(0)
        expect(cell?.median['upstreamMicros']).toBeGreaterThan(0)
      }
    },
  )
})
