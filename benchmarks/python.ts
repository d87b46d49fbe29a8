// The Python servers, if they are installed.

import { spawnSync } from 'node:child_process'
import { pathOf } from './server-process.ts'

/** A Python, and the versions of the packages that it can import. */
export interface Python {
  file: string
  versions: Readonly<Record<string, string>>
}

const PACKAGES = [
  'uvicorn',
  'gunicorn',
  'waitress',
  'asgiref',
  'uvloop',
  'httptools',
  'websockets',
  'wsproto',
  'flask',
  'fastapi',
]
const PROBE = `
import importlib, json, platform
def version(name):
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    return str(getattr(module, '__version__', 'unknown'))
found = {name: version(name) for name in ${JSON.stringify(PACKAGES)}}
print(json.dumps({'python': platform.python_version(), **{n: v for n, v in found.items() if v}}))
`

/** The installation of a row's packages: from Debian, or in a virtual environment that --python names. */
export const PYTHON_REMEDY: string =
  'Debian: apt-get install nginx haproxy uvicorn gunicorn python3-waitress python3-asgiref python3-websockets python3-uvloop python3-httptools ' +
  'python3-flask python3-fastapi; ' +
  'elsewhere: pip install uvicorn[standard] gunicorn waitress asgiref flask fastapi, and --python FILE'

/**
 * Returns the Python with most of the packages. Debian's Python is the second candidate, because a python3 that comes
 * before it in PATH does not see Debian's packages.
 *
 * @param given the Python to use instead, from the command line
 */
export function findPython(given: string | undefined): Python | undefined {
  const files = given === undefined ? ['python3', '/usr/bin/python3'] : [given]
  const found = files.flatMap((file) => probe(file) ?? [])
  return found.toSorted((a, b) => count(b) - count(a))[0]
}

/** The command line of a server in `servers/python/`. */
export function pythonServer(python: Python, file: string, ...words: string[]): string[] {
  return [python.file, pathOf(`python/${file}`), ...words]
}

function probe(file: string): Python | undefined {
  const { status, stdout } = spawnSync(file, ['-c', PROBE], { encoding: 'utf8', timeout: 10_000 })
  if (status !== 0) return undefined
  return { file, versions: JSON.parse(stdout) as Record<string, string> }
}

function count({ versions }: Python): number {
  return Object.keys(versions).length
}
