// Apps of Python, unchanged: on isthmus, and on the servers of Python.

import { countCpuApart, countCpuOfPython } from '../cpu-time.ts'
import { pythonServer } from '../python.ts'
import { nodeServer } from '../server-process.ts'
import { measureEcho } from './echo.ts'
import { GET, measureExchange } from './http.ts'
import { hasPackages, skippedLine } from './servers.ts'
import type { Python } from '../python.ts'
import type { Exchange } from './http.ts'
import type { Scenario, Subject, Tools } from './scenario.ts'

/** The gateway compiles its code in its first seconds under load. Each row has this time, in s. */
const WARM_UP_SECONDS = 3

/** The names of the rows that the budgets compare. gunicorn's sync worker closes each connection. */
export const ON_ISTHMUS = 'isthmus'
export const ON_GUNICORN = 'gunicorn sync, no keep-alive'
export const ON_UVICORN = 'uvicorn, uvloop and httptools'

const HELLO = { ...GET, path: '/', answerBytes: 13 }
const ASGI = 'asgi_app:app'
const FASTAPI = 'fastapi_app:app'

/** An app, as each server is told it, with the packages that it needs, and its request or its messages. */
interface PythonApp {
  title: string
  app: string
  needs: readonly string[]
  /** A request, or the number of messages in flight. */
  load: Exchange | number
}

const WSGI_APPS = {
  wsgi: { title: 'bare WSGI', app: 'wsgi_app:app', needs: [], load: HELLO },
  flask: { title: 'Flask', app: 'flask_app:app', needs: ['flask'], load: HELLO },
} satisfies Record<string, PythonApp>

const ASGI_APPS = {
  asgi: { title: 'bare ASGI', app: ASGI, needs: [], load: HELLO },
  fastapi: {
    title: 'FastAPI',
    app: FASTAPI,
    needs: ['fastapi'],
    load: { ...HELLO, answerBytes: 26 },
  },
  echo1: { title: 'WebSocket echo of ASGI, 1 in flight', app: ASGI, needs: [], load: 1 },
  echo16: { title: 'WebSocket echo of ASGI, 16 in flight', app: ASGI, needs: [], load: 16 },
} satisfies Record<string, PythonApp>

const APPS: Readonly<Record<string, PythonApp>> = { ...WSGI_APPS, ...ASGI_APPS }

/** A server without its last word, the app. */
interface PythonRow {
  name: string
  needs: readonly string[]
  apps: Readonly<Record<string, PythonApp>>
  command(python: Python): string[]
  /** Whether the app runs in processes beside that of the gateway. */
  hasGateway?: boolean
  /** Header fields of each request. */
  fields?: readonly string[]
}

const isthmus = ({ file }: Python, processes = 1): string[] =>
  nodeServer('isthmus-python.js', file, String(processes))
const gunicorn = (name: string, ...words: string[]): PythonRow => ({
  name,
  needs: ['gunicorn'],
  apps: WSGI_APPS,
  command: (python) => pythonServer(python, 'with_gunicorn.py', ...words),
})
const uvicorn = (name: string, processes: string): PythonRow => ({
  name,
  needs: ['uvicorn', 'uvloop', 'httptools', 'websockets|wsproto'],
  apps: ASGI_APPS,
  command: (python) => pythonServer(python, 'with_uvicorn_workers.py', processes),
})

const ROWS: readonly PythonRow[] = [
  gunicorn(ON_GUNICORN, 'sync', '1', '1'),
  uvicorn(ON_UVICORN, '1'),
  { name: ON_ISTHMUS, needs: [], apps: APPS, command: isthmus, hasGateway: true },
  {
    name: 'isthmus, no keep-alive',
    needs: [],
    apps: WSGI_APPS,
    command: isthmus,
    hasGateway: true,
    fields: ['Connection: close'],
  },
  gunicorn('gunicorn gthread, keep-alive, four threads', 'gthread', '4', '1'),
  {
    name: 'waitress, keep-alive, four threads',
    needs: ['waitress'],
    apps: WSGI_APPS,
    command: (python) => pythonServer(python, 'with_waitress.py', '4'),
  },
  {
    name: 'isthmus, two processes',
    needs: [],
    apps: APPS,
    command: (python) => isthmus(python, 2),
    hasGateway: true,
  },
  gunicorn('gunicorn sync, no keep-alive, two processes', 'sync', '1', '2'),
  gunicorn('gunicorn gthread, keep-alive, two processes', 'gthread', '4', '2'),
  uvicorn('uvicorn, two processes', '2'),
]

export const pythonApps: Scenario = {
  id: 'python',
  title: 'Apps of Python, unchanged',
  about:
    'The same file of Python on isthmus and on the servers of Python, in one process of Python each, where the row does not ' +
    'say two. Server and load share two cores. isthmus is a gateway of Node beside the process of Python, so its CPU time ' +
    'is that of both, and stands in the table apart; the other servers have no gateway. **gunicorn sync has no ' +
    'keep-alive**: each of its requests pays for a new connection, and a proxy in front of it is usual. gunicorn gthread ' +
    'and waitress keep connections, and one more row has isthmus without keep-alive. waitress has one process only. A ' +
    'WebSocket is one connection, so a second process does not help it.',
  variants: Object.fromEntries(Object.entries(APPS).map(([key, { title }]) => [key, title])),
  columns: [
    { number: 'perSecond', label: 'req or messages/s', digits: 0 },
    { number: 'pythonMicros', label: 'Python CPU µs each', digits: 1 },
    { number: 'gatewayMicros', label: 'gateway CPU µs each', digits: 1 },
    { number: 'p50Ms', label: 'p50 ms', digits: 2 },
    { number: 'p99Ms', label: 'p99 ms', digits: 2 },
  ],
  control: Object.fromEntries([
    ...Object.keys(WSGI_APPS).map((key) => [key, ON_GUNICORN]),
    ...Object.keys(ASGI_APPS).map((key) => [key, ON_UVICORN]),
  ]) as Record<string, string>,
  quick: [],
  sharing: 'shared',
  isFresh: true,
  subjects: (tools) => ({
    subjects: ROWS.flatMap((row) => subjectOf(row, tools) ?? []),
    skipped: ROWS.flatMap((row) => skippedOf(row, tools.python)),
  }),
}

function subjectOf(row: PythonRow, { load, python }: Tools): Subject | undefined {
  if (python === undefined || !hasPackages(python, row.needs)) return undefined
  const there = Object.entries(row.apps).filter(([, { needs }]) => hasPackages(python, needs))
  const count = row.hasGateway ? countCpuApart : countCpuOfPython
  return {
    name: row.name,
    command: row.command(python),
    words: Object.fromEntries(there.map(([key, { app }]) => [key, [app]])),
    measure: (server, variant, given) => {
      const pace = { ...given, warmUpSeconds: Math.max(given.warmUpSeconds, WARM_UP_SECONDS) }
      const { load: asked } = APPS[variant] as PythonApp
      if (typeof asked === 'number') return measureEcho(server, asked, { pace, count })
      const exchange = { ...asked, headers: row.fields ?? [] }
      return measureExchange(server, exchange, { load, pace, count })
    },
  }
}

function skippedOf({ name, needs, apps }: PythonRow, python: Python | undefined): string[] {
  if (python === undefined) return [skippedLine(name, ['Python', ...needs])]
  if (!hasPackages(python, needs)) return [skippedLine(name, needs)]
  const missing = Object.values(apps).filter((app) => !hasPackages(python, app.needs))
  return missing.map((app) => skippedLine(`${name}, ${app.title}`, app.needs))
}
