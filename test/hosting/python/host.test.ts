// The Python host, by tests in Python: each file of them is one test here.

import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const DEADLINE_MS = 240_000
const IS_NEW_ENOUGH = 'import sys; sys.exit(sys.version_info < (3, 9))'

function isNewEnough(python: string): boolean {
  try {
    execFileSync(python, ['-c', IS_NEW_ENOUGH], { stdio: 'ignore', timeout: DEADLINE_MS })
    return true
  } catch {
    return false
  }
}

const candidates = ['/usr/bin/python3', 'python3', 'python']
const python = process.platform === 'win32' ? undefined : candidates.find(isNewEnough)
const reason = python === undefined ? ' (skipped: no python3 of version 3.9 or later is here)' : ''

/** Runs a file of tests. Returns its output, which names each failure, and whether all tests have passed. */
function runTests(file: string): Promise<{ passed: boolean; output: string }> {
  const args = ['-W', 'ignore', '-B', '-m', 'unittest', file]
  return new Promise((resolve) => {
    execFile(python ?? '', args, { cwd: FOLDER, timeout: DEADLINE_MS }, (error, _, stderr) => {
      resolve({ passed: error === null, output: stderr })
    })
  })
}

test.skipIf(python === undefined).each([
  ['frames, loading and the process', 'host_test'],
  ['WSGI apps', 'wsgi_test'],
  ['ASGI apps', 'asgi_test'],
])(
  `%s${reason}`,
  async (_, file) => {
    const { passed, output } = await runTests(file)
    expect(passed, output).toBe(true)
  },
  DEADLINE_MS,
)
