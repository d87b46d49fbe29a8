// The subjects under test: a middleware around every style and hosting. A new subject is one entry.

import { readdirSync } from 'node:fs'
import { setEnvironmentData } from 'node:worker_threads'
import { events, iterable, sync, threads } from 'isthmus'
import { HandshakeDeniedError, ResponseCutError } from '../../../src/testing/faults.ts'
import { testClient } from '../../../src/testing/test-client.ts'
import { NO_PYTHON, SKIPPED } from '../../python/program.ts'
import { SharedPool } from '../../python/shared-pool.ts'
import { SharedApp } from '../../shared-app.ts'
import { bundleOf } from '../../thread-bundles.ts'
import { eventApp, isNoFraming, iterableApp, socketApp } from './apps.ts'
import { syncApp } from './sync-apps.ts'
import type { App, HeaderPairs } from 'isthmus'
import type { TestClient } from '../../../src/testing/client.ts'
import type { Answer, Ask, Recipe, Row, SubjectName } from './row.ts'

/** A row, and the URL that a thread loads it from. */
export interface Loaded {
  row: Row
  url: string
}

/** The recipe that the thread gets with a request: the app to make, and the module of the row to put around it. */
export interface Crossed {
  recipe: Recipe
  row?: string
}

/** One style in one hosting. */
export interface Subject {
  /** The name of the subject, or of another one that has the same gaps. */
  name: SubjectName
  /** The title of the subject. Default: its name. */
  title?: string
  /** Why this machine cannot run the subject. */
  gap?: string | undefined
  /** The app of `recipe` inside the middleware. */
  hosted: (loaded: Loaded, recipe: Recipe) => App
  ask: (client: TestClient, ask: Ask) => Promise<Answer>
}

const ROWS = new URL('./rows/', import.meta.url)
// The thread imports all rows before its first request, because a sync app cannot wait for an import.
setEnvironmentData(
  'middleware-rows',
  readdirSync(ROWS).map((file) => bundleOf(new URL(file, ROWS)).href),
)

const MODULE = bundleOf(new URL('../../fixtures/threads/behaviour-middleware.ts', import.meta.url))
const POOLS = {
  thread: new SharedApp(threads(MODULE, { max: 1 })),
  wsgi: new SharedPool('middleware:wsgi'),
  asgi: new SharedPool('middleware:asgi'),
}

function inThread(crossed: Crossed): App {
  return POOLS.thread.with(crossed)
}

/** All subjects. */
export const SUBJECTS: Subject[] = [
  {
    name: 'sync, inline',
    hosted: ({ row }, recipe) => row.wrap()(sync(syncApp(recipe))),
    ask: askHttp,
  },
  {
    name: 'sync, chain in the thread',
    hosted: ({ url }, recipe) => inThread({ recipe, row: bundleOf(new URL(url)).href }),
    ask: askHttp,
  },
  {
    name: 'sync, chain around threads()',
    hosted: ({ row }, recipe) => row.wrap()(inThread({ recipe })),
    ask: askHttp,
  },
  {
    name: 'iterable',
    hosted: ({ row }, recipe) => row.wrap()(iterable(iterableApp(recipe))),
    ask: askHttp,
  },
  {
    name: 'events',
    hosted: ({ row }, recipe) => row.wrap()(events(eventApp(recipe))),
    ask: askHttp,
  },
  {
    name: 'websocket',
    hosted: ({ row }, recipe) => row.wrap()(events(socketApp(recipe))),
    ask: askSocket,
  },
  inPython('WSGI in Python', 'sync, chain around threads()', POOLS.wsgi),
  inPython('ASGI in Python', 'events', POOLS.asgi),
  inPython('WebSocket in Python', 'websocket', POOLS.asgi),
]

function inPython(title: string, name: SubjectName, pool: SharedPool): Subject {
  return {
    name,
    title: title + SKIPPED,
    gap: NO_PYTHON,
    hosted: ({ row }, recipe) => row.wrap()(pool.with(recipe)),
    ask: name === 'websocket' ? askSocket : askHttp,
  }
}

/**
 * Ends the thread and the processes of Python.
 *
 * @throws if their logs have lines, such as the complaints of the validator
 */
export async function endHosts(): Promise<void> {
  const ofThread = /the app failed: a secret|the body was dropped/
  await Promise.all([POOLS.thread.end(ofThread), POOLS.wsgi.end(), POOLS.asgi.end()])
}

/** The answer of `subject` inside the middleware. */
export async function answerFrom(
  subject: Subject,
  loaded: Loaded,
  { app, ask = {} }: { app: Recipe; ask?: Ask },
): Promise<Answer> {
  const { secure = false, client: address } = ask
  await using client = await testClient(subject.hosted(loaded, app), {
    raiseAppErrors: false,
    identity: false,
    deadlineMs: 8_000,
    secure,
    ...(address === undefined ? {} : { client: address }),
  })
  return await subject.ask(client, ask)
}

async function askHttp(client: TestClient, ask: Ask): Promise<Answer> {
  const { method = 'GET', target = '/', headers = [], body } = ask
  const all = withHost(headers)
  try {
    const init = body === undefined ? { headers: all } : { headers: all, body: Buffer.from(body) }
    const response = await client.request(method, target, init)
    return {
      status: response.status,
      headers: response.headers.list,
      body: Buffer.from(response.body).toString('latin1'),
    }
  } catch (error) {
    if (!(error instanceof ResponseCutError) || !error.head) throw error
    return { status: error.head.status, headers: error.head.headers, body: null }
  }
}

async function askSocket(client: TestClient, ask: Ask): Promise<Answer> {
  const { target = '/', headers = [] } = ask
  try {
    await using session = await client.websocket(target, { headers: withHost(headers) })
    const body = String(await session.receive())
    return { status: 200, headers: session.headers.list.filter(isNoFraming), body }
  } catch (error) {
    if (!(error instanceof HandshakeDeniedError)) throw error
    const { status, headers, body } = error.response
    const text = Buffer.from(body).toString('latin1')
    return { status, headers: headers.list.filter(isNoFraming), body: text }
  }
}

function withHost(headers: HeaderPairs): HeaderPairs {
  return headers.some(([name]) => name === 'host')
    ? headers
    : [['host', 'example.test'], ...headers]
}
