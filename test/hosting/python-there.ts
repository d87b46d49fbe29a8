// Whether this machine has a Python that can host apps.

import { spawnSync } from 'node:child_process'

const CHECK = 'import sys; sys.exit(sys.version_info < (3, 9))'

/** Whether `python3` is 3.9 or later. */
export const hasPython: boolean = spawnSync('python3', ['-c', CHECK]).status === 0
