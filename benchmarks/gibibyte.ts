// The budget that is a separate test: a gibibyte through every bridge, in bounded memory.

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

/** Runs the test; on a busy machine it takes minutes. */
export function moveGibibytes(): Transfers {
  const words = [VITEST, 'run', '--project', 'native', '--reporter=json', TEST]
  const { stdout } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' })
  return parseTransfers(stdout)
}

/** Reads the JSON report of vitest. @throws Error if vitest ran no test */
export function parseTransfers(report: string): Transfers {
  const at = report.indexOf('{"numTotalTestSuites"')
  const json = at === -1 ? '{}' : report.slice(at)
  const { numPassedTests, numTotalTests } = JSON.parse(json) as Record<string, number>
  if (numPassedTests !== undefined && numTotalTests !== undefined && numTotalTests > 0) {
    return { within: numPassedTests, all: numTotalTests }
  }
  throw new Error(`${TEST} did not run`)
}
