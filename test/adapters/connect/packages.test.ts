// Real packages answer around an app as they answer under Connect on node:http.

import { gunzipSync } from 'node:zlib'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chain, events, toEvents, mount } from 'isthmus'
import { fromConnect } from 'isthmus/adapters'
import { testClient } from 'isthmus/testing'
import { RawClient } from '../../raw/raw-client.ts'
import { served } from '../../raw/served.ts'
import { INNER, LAYERS, REQUESTS, morganLines, onConnect } from './inner-apps.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { App, EventApp, HostedApp } from 'isthmus'
import type { TestClient } from 'isthmus/testing'
import type { LayerRequest } from './inner-apps.ts'

interface Answer {
  status: number
  fields: Array<[string, string]>
  body: string
}

type Ask = (request: LayerRequest) => Promise<Answer>

/** Hosts all middleware, each around the page; the field `x-layer` chooses. */
interface Subject extends AsyncDisposable {
  ask: Ask
}

// The server frames a response in its own way; the values of the others change with the time.
const FRAMING = [
  'date',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'server',
]
const VALUES = ['x-response-time', 'x-ratelimit-reset', 'ratelimit-reset']

// The answers to errors without a handler: Connect writes a page in HTML.
const ERRORS = new Set([
  '413 multer',
  '416 serve-static',
  '418 http-errors',
  '503 http-errors',
  '500 http-errors',
])

// A gateway receives the whole body before it asks a thread, so an app in a thread cannot stand there without its body.
const isParsed = ([status, , method]: LayerRequest): boolean => method === 'POST' && status === 200

const expected = new Map<LayerRequest, Answer>()

beforeAll(async () => {
  await using reference = await onNodeHttp()
  for (const request of REQUESTS) expected.set(request, await reference.ask(request))
}, 60_000)

const FORMS = Object.keys(INNER).map((form): [string, () => Promise<Subject>] => [
  form,
  () => onServer((INNER[form] as () => HostedApp)()),
])
const SUBJECTS = [...FORMS, ['an event app, in the test client', inTestClient] as const]

describe.each(SUBJECTS)('around %s', (name, host) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await host()
  }, 60_000)
  afterAll(async () => subject[Symbol.asyncDispose]())

  const requests = REQUESTS.filter(
    (request) =>
      !(name.includes('thread') && isParsed(request)) &&
      // The test client throws the errors of an app.
      !(name.includes('test client') && request[0] === 500),
  )
  it.each(requests)('answers %i by %s to %s %s', async (...request) => {
    const [status, layer] = request
    const original = REQUESTS.find((own) => own.every((part, at) => part === request[at]))
    const answer = await subject.ask(request)
    expect(answer.status).toBe(status)
    if (ERRORS.has(`${status} ${layer}`)) expect(expectedOf(original).status).toBe(status)
    else expect(answer).toEqual(expectedOf(original))
  })
})

it('the error of a middleware brings its message and its fields', async () => {
  await using subject = await onServer((INNER['an event app'] as () => HostedApp)())
  const answer = await subject.ask([418, 'http-errors', 'GET', '/teapot'])
  expect(answer.body).toBe('short and stout\n')
  expect(answer.fields).toContainEqual(['x-tea', 'green'])
  const hidden = await subject.ask([503, 'http-errors', 'GET', '/busy'])
  expect(hidden.body).toBe('Service Unavailable\n')
  const range = [416, 'serve-static', 'GET', '/page.txt', { range: 'bytes=99-' }] as LayerRequest
  expect((await subject.ask(range)).fields).toContainEqual(['content-range', 'bytes */21'])
})

it('morgan writes the same line', async () => {
  const request: LayerRequest = [200, 'morgan', 'GET', '/a?b']
  morganLines.length = 0
  for (const host of [onNodeHttp, () => onServer((INNER['an event app'] as () => HostedApp)())]) {
    await using subject = await host()
    await subject.ask(request)
  }
  const line = 'GET /a?b 200 text/plain\n'
  await expect.poll(() => morganLines).toEqual([line, line])
})

function expectedOf(request: LayerRequest | undefined): Answer {
  return expected.get(request as LayerRequest) as Answer
}

function layersAround(inner: HostedApp): EventApp {
  const table = typeof inner === 'object' ? mount(inner) : inner
  const apps = Object.entries(LAYERS).map(([name, make]): [string, EventApp] => [
    name,
    toEvents((chain(fromConnect(...make())) as (app: App) => App)(table)),
  ])
  const byName = new Map(apps)
  return events((scope, receive, send) => {
    if (scope.type === 'lifespan') return toEvents(table)(scope, receive, send)
    const name = scope.headers.find(([field]) => field === 'x-layer')?.[1] ?? ''
    return (byName.get(name) as EventApp)(scope, receive, send)
  })
}

async function onServer(inner: HostedApp): Promise<Subject> {
  const hosted = await served(layersAround(inner), { lifespan: 'auto' })
  return {
    ask: (request) => askRaw(hosted.server.address, request),
    [Symbol.asyncDispose]: () => hosted[Symbol.asyncDispose](),
  }
}

async function onNodeHttp(): Promise<Subject> {
  const apps = new Map(Object.keys(LAYERS).map((name) => [name, onConnect(name)]))
  const server = createServer((req, res) => {
    const app = apps.get(String(req.headers['x-layer'])) as (
      req: IncomingMessage,
      res: ServerResponse,
    ) => void
    app(req, res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    ask: (request) => askRaw({ host: '127.0.0.1', port }, request),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function askRaw(
  address: Parameters<typeof RawClient.connect>[0],
  [, layer, method, target, given = {}, body = '']: LayerRequest,
): Promise<Answer> {
  using client = await RawClient.connect(address)
  const pairs = Object.entries({ host: 'example.test', 'x-layer': layer, ...given })
  if (body !== '') pairs.push(['content-length', String(body.length)])
  const lines = pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  client.send(`${method} ${target} HTTP/1.1\r\n${lines}\r\n${body}`)
  const { status, headers, body: text } = await client.response(method)
  return answerOf(status, headers, Buffer.from(text, 'latin1'))
}

async function inTestClient(): Promise<Subject> {
  const client = await testClient(layersAround((INNER['an event app'] as () => HostedApp)()))
  return {
    ask: (request) => askClient(client, request),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

async function askClient(
  client: TestClient,
  [, layer, method, target, given = {}, body = '']: LayerRequest,
): Promise<Answer> {
  const headers = { host: 'example.test', 'x-layer': layer, ...given }
  const content = body === '' ? {} : { body }
  const response = await client.request(method, target, { headers, ...content })
  return answerOf(response.status, [...response.headers], Buffer.from(response.body))
}

function answerOf(
  status: number,
  headers: Iterable<readonly [string, string]>,
  body: Buffer,
): Answer {
  const fields = [...headers]
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !FRAMING.includes(name))
    .map(([name, value]): [string, string] => [name, VALUES.includes(name) ? '' : value])
  const isPacked = fields.some(([name, value]) => name === 'content-encoding' && value === 'gzip')
  const bytes = isPacked && body.length > 0 ? gunzipSync(body) : body
  return { status, fields: fields.toSorted(byText), body: bytes.toString('latin1') }
}

function byText(a: readonly [string, string], b: readonly [string, string]): number {
  return `${a[0]}: ${a[1]}` < `${b[0]}: ${b[1]}` ? -1 : 1
}
