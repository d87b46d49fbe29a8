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

/** Runs a file of tests. Returns its output, which names each failure and ends with the result. */
function runTests(file: string): Promise<string> {
  const args = ['-W', 'ignore', '-B', '-m', 'unittest', file]
  return new Promise((resolve) => {
    execFile(
      python ?? '',
      args,
      { cwd: FOLDER, timeout: DEADLINE_MS },
      (_error, _stdout, stderr) => {
        resolve(stderr)
      },
    )
  })
}

test.skipIf(python === undefined).each([
  ['frames, loading and the process', 'host_test'],
  ['WSGI apps', 'wsgi_test'],
  ['ASGI apps', 'asgi_test'],
  ['channels', 'channels_test'],
])(
  `%s${reason}`,
  async (_, file) => {
    expect(await runTests(file)).toMatch(/\nOK\n$/)
  },
  DEADLINE_MS,
)
