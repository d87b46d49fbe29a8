// The program of Python for the tests: that in ISTHMUS_TEST_PYTHON, or python3.

import { spawnSync } from 'node:child_process'

/** The program of Python. */
export const PYTHON: string = process.env['ISTHMUS_TEST_PYTHON'] ?? 'python3'

const ASKED = 'import sys; print(sys.version_info >= (3, 9), sys.version.split()[0])'
const { stdout } = spawnSync(PYTHON, ['-c', ASKED], { encoding: 'utf8', timeout: 20_000 })
const [isNewEnough, version] = (stdout ?? '').trim().split(' ')

/** Why the tests cannot run Python; undefined if they can. */
export const NO_PYTHON: string | undefined =
  isNewEnough === 'True'
    ? undefined
    : `${PYTHON} is ${version ? `Python ${version}` : 'not there'}; they need 3.9 or later`

/** The end of the title of a test that needs Python: the reason for its skip, or nothing. */
export const SKIPPED: string = NO_PYTHON === undefined ? '' : ` (skipped: ${NO_PYTHON})`
