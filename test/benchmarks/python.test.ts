// The scenario of Python: its rows, and one of them measured.

import { describe, expect, it } from 'vitest'
import { budgetsOn } from '../../benchmarks/budgets.ts'
import { choose } from '../../benchmarks/choose.ts'
import { measureScenario } from '../../benchmarks/measure.ts'
import { parseOptions } from '../../benchmarks/options.ts'
import { findPython } from '../../benchmarks/python.ts'
import {
  ON_GUNICORN,
  ON_ISTHMUS,
  ON_UVICORN,
  pythonApps,
} from '../../benchmarks/scenarios/python.ts'
import type { HttpLoad } from '../../benchmarks/loads/http-request.ts'
import type { Python } from '../../benchmarks/python.ts'
import type { Tools } from '../../benchmarks/scenarios/scenario.ts'

const TIMEOUT_MS = 60_000
const python = findPython(undefined)
const load: HttpLoad = async () => ({ requests: 1, perSecond: 1, p50Ms: 1, p99Ms: 1 })

function withPackages(...names: string[]): Python {
  return { file: 'python3', versions: Object.fromEntries(names.map((name) => [name, '1'])) }
}

function variantsOf(tools: Tools, row: string): string[] {
  const subject = pythonApps.subjects(tools).subjects.find(({ name }) => name === row)
  return Object.keys(subject?.words ?? {})
}

describe('the rows of Python', () => {
  it('have the apps of their interface, and isthmus has all', () => {
    const names = ['gunicorn', 'uvicorn', 'uvloop', 'httptools', 'wsproto', 'flask', 'fastapi']
    const tools = { load, python: withPackages(...names) }
    expect(variantsOf(tools, ON_GUNICORN)).toEqual(['wsgi', 'flask'])
    expect(variantsOf(tools, ON_UVICORN)).toEqual(['asgi', 'fastapi', 'echo1', 'echo16'])
    expect(variantsOf(tools, ON_ISTHMUS)).toEqual(Object.keys(pythonApps.variants))
  })

  it('are left out, with a line, if a package is missing', () => {
    const tools = { load, python: withPackages('gunicorn') }
    const { subjects, skipped } = pythonApps.subjects(tools)
    expect(variantsOf(tools, ON_GUNICORN)).toEqual(['wsgi'])
    expect(subjects.map(({ name }) => name)).not.toContain(ON_UVICORN)
    expect(skipped).toContain(`skipped: ${ON_GUNICORN}, Flask, which needs flask`)
    expect(skipped.join('\n')).toContain(`skipped: ${ON_UVICORN}, which needs uvicorn, uvloop`)
  })

  it('that a budget needs are named with the remedy, also by --check', () => {
    const options = parseOptions(['--check', '--only', 'python'])
    const { chosen, skipped } = choose({ load, python: undefined }, options, budgetsOn('v20.0.0'))
    expect(chosen).toEqual([])
    expect(skipped).toContain(`skipped: ${ON_GUNICORN}, which needs Python, gunicorn`)
    expect(skipped.at(-1)).toContain('apt-get install')
  })

  it('are compared with a row that has the same variant', () => {
    for (const { scenario, variant, by } of budgetsOn('v20.0.0')) {
      if (scenario !== pythonApps.id) continue
      expect(pythonApps.control).toHaveProperty(variant, by)
    }
    expect.assertions(6)
  })
})

const canMeasure = python !== undefined && process.platform === 'linux'
describe.skipIf(!canMeasure)('isthmus, measured (skipped without python3 and /proc)', () => {
  it('has the CPU time of the gateway and of Python apart', { timeout: TIMEOUT_MS }, async () => {
    const { subjects } = pythonApps.subjects({ load, python })
    const { result, failures } = await measureScenario(pythonApps, {
      subjects: subjects.filter(({ name }) => name === ON_ISTHMUS),
      variants: ['wsgi', 'echo16'],
      pace: { seconds: 0.1, warmUpSeconds: 0.1 },
      rounds: 1,
      serverCores: null,
      onStep: () => undefined,
    })
    expect(failures).toEqual([])
    const cells = result.rows[0]?.cells ?? {}
    expect(Object.keys(cells)).toEqual(['wsgi', 'echo16'])
    const { cpuMicros, gatewayMicros, pythonMicros, perSecond } = cells['echo16']?.median ?? {}
    expect(perSecond).toBeGreaterThan(0)
    expect(pythonMicros).toBeGreaterThanOrEqual(0)
    expect(gatewayMicros).toBeGreaterThanOrEqual(0)
    expect((gatewayMicros ?? NaN) + (pythonMicros ?? NaN)).toBeCloseTo(cpuMicros ?? NaN)
  })
})
