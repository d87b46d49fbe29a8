// A Python that has the packages of a test. A machine without them skips the test, and the title names the packages.

import { spawnSync } from 'node:child_process'
import { isReference } from './is-reference.ts'

/** Python modules, and the Debian packages that hold them. */
const PACKAGES = {
  bottle: 'python3-bottle',
  channels: 'python3-django-channels',
  cherrypy: 'python3-cherrypy3',
  django: 'python3-django',
  fastapi: 'python3-fastapi',
  flask: 'python3-flask',
  gunicorn: 'gunicorn',
  h11: 'python3-h11',
  httptools: 'python3-httptools',
  multipart: 'python3-multipart',
  pyramid: 'python3-pyramid',
  starlette: 'python3-starlette',
  uvicorn: 'python3-uvicorn',
  websockets: 'python3-websockets',
}

export type PythonModule = keyof typeof PACKAGES

/** The result of a search. */
export interface FoundPython {
  /** The program, or '' if no Python has all modules. */
  python: string
  missing: boolean
  /** Follows the title of a suite: empty, or the packages that are missing. */
  note: string
}

// Debian's Python comes first: the packages of Debian belong to it. PYTHON=… names another one, as of a virtual
// environment with newer frameworks.
const PYTHON = process.env['PYTHON']
const CANDIDATES = PYTHON === undefined ? ['/usr/bin/python3', 'python3'] : [PYTHON]

const FINDER = `
import importlib.util, sys
assert sys.version_info >= (3, 9)
missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
print(' '.join(missing))
`

/** The first Python with all `modules`. A run against the reference servers needs these too. */
export function pythonWith(modules: readonly PythonModule[]): FoundPython {
  const wanted: PythonModule[] = isReference
    ? [...modules, 'gunicorn', 'uvicorn', 'websockets']
    : [...modules]
  let missing: PythonModule[] = wanted
  for (const python of CANDIDATES) {
    const found = spawnSync(python, ['-c', FINDER, ...wanted], { encoding: 'utf8' })
    if (found.status !== 0) continue
    const lacks = found.stdout.split(/\s+/).filter((name) => name !== '') as PythonModule[]
    if (lacks.length === 0) return { python, missing: false, note: '' }
    if (lacks.length < missing.length) missing = lacks
  }
  const needs = missing.map((name) => PACKAGES[name]).join(', ') || 'python3'
  return { python: '', missing: true, note: ` (needs ${needs})` }
}
