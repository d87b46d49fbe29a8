// The budget that is a separate test: a gibibyte through every bridge and apps of Python, in bounded memory.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const VITEST = 'node_modules/vitest/vitest.mjs'
const TESTS = 'test/memory/gibibyte'

/** A gibibyte that was moved one way, and whether that stayed within the limit that the test names. */
export interface Transfer {
  /** For example `to be uploaded: sync`. */
  name: string
  /** Null if the test was skipped: without python3 there are no apps of Python. */
  isWithin: boolean | null
}

/** Runs the tests, one after the other; on a busy machine they take minutes. */
export function moveGibibytes(): Transfer[] {
  const words = [VITEST, 'run', '--project', 'native', '--no-file-parallelism', '--reporter=json']
  const { stdout } = spawnSync(process.execPath, [...words, TESTS], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return parseTransfers(stdout)
}

interface VitestReport {
  testResults?: Array<{
    name: string
    assertionResults: Array<{ title: string; status: string }>
  }>
}

/** Reads the JSON report of vitest. @throws Error if vitest ran no test */
export function parseTransfers(report: string): Transfer[] {
  const at = report.indexOf('{"numTotalTestSuites"')
  const { testResults = [] } = JSON.parse(at === -1 ? '{}' : report.slice(at)) as VitestReport
  const transfers = testResults.flatMap(({ name, assertionResults }): Transfer[] => {
    // A file that cannot be loaded has no tests.
    if (assertionResults.length === 0) return [{ name, isWithin: false }]
    return assertionResults.map(({ title, status }) => ({
      name: title.replace(/^\[.*?\] /, ''),
      isWithin: status === 'passed' || (status === 'failed' ? false : null),
    }))
  })
  if (transfers.some(({ isWithin }) => isWithin !== null)) return transfers
  throw new Error(`${TESTS} did not run`)
}
