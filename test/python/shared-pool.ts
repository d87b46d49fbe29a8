// One process of Python for all tests of a file: the start of a process takes about 100 ms.

import { fileURLToPath } from 'node:url'
import { python } from 'isthmus'
import { SharedApp } from '../shared-app.ts'
import { PYTHON } from './program.ts'
import type { PythonOptions } from 'isthmus'

const FIXTURES = fileURLToPath(new URL('../fixtures/python', import.meta.url))

/** The options of a process with an app in test/fixtures/python. */
export const FIXTURE: PythonOptions = {
  processes: 1,
  python: PYTHON,
  cwd: FIXTURES,
  env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', VIRTUAL_ENV: undefined },
}

/** Owns a process that starts with the first request. The file of tests ends it in `afterAll`. */
export class SharedPool extends SharedApp {
  constructor(spec: string, options: PythonOptions = {}) {
    super(python(spec, { ...FIXTURE, ...options }))
  }
}
