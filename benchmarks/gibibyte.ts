// The budget that is a test of its own: a gibibyte through every bridge, in bounded memory.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const VITEST = 'node_modules/vitest/vitest.mjs'
const TEST = 'test/memory/gibibyte.test.ts'

/** How many of the transfers stayed within the limit that the test names. */
export interface Transfers {
  within: number
  all: number
}

/** Runs the test; it takes minutes on a machine that is busy. */
export function moveGibibytes(): Transfers {
  const words = [VITEST, 'run', '--project', 'native', '--reporter=json', TEST]
  const { stdout } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' })
  return parseTransfers(stdout)
}

/** Reads what vitest reports as JSON. @throws Error when it ran nothing */
export function parseTransfers(report: string): Transfers {
  const at = report.indexOf('{"numTotalTestSuites"')
  const json = at === -1 ? '{}' : report.slice(at)
  const { numPassedTests, numTotalTests } = JSON.parse(json) as Record<string, number>
  if (numPassedTests !== undefined && numTotalTests !== undefined && numTotalTests > 0) {
    return { within: numPassedTests, all: numTotalTests }
  }
  throw new Error(`${TEST} did not run`)
}
