// The configurations of the pages, each with the real program, as a reader copies them.

import { once } from 'node:events'
import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { missing } from '../proxies/tools.ts'
import { startFront } from './front.ts'
import { expectUpload, firstBytes, releaseEvents } from './recipe-app.ts'
import type { IncomingMessage } from 'node:http'
import type { Recipe } from './front.ts'

const DEADLINE_MS = 30_000
const REQUESTS = 20
const FORWARDED = 'proxy'
const VARIABLES = 'variables'

/** A recipe, and the abilities that its proxy has with it. */
interface Subject extends Recipe {
  /** How the app learns of the client. */
  client: typeof FORWARDED | typeof VARIABLES
  hasWebSockets: boolean
  streamsUploads: boolean
}

const UNIX = { isUnix: true }
const http = { client: FORWARDED, hasWebSockets: true } as const
const gateway = { client: VARIABLES, hasWebSockets: false } as const

const overScgi = { page: 'cgi', program: 'nginx', name: 'scgi' } as const
const overFastCgi = { page: 'cgi', options: { protocol: 'fastcgi', ...UNIX } } as const
const told = { client: VARIABLES, hasWebSockets: true } as const

const SUBJECTS: Subject[] = [
  {
    page: 'production',
    program: 'nginx',
    name: 'http',
    options: {},
    ...http,
    streamsUploads: false,
  },
  { page: 'proxies', program: 'nginx', name: 'unix', options: UNIX, ...http, streamsUploads: true },
  { page: 'proxies', program: 'haproxy', name: 'http', options: {}, ...http, streamsUploads: true },
  {
    page: 'proxies',
    program: 'haproxy',
    name: 'proxy-protocol',
    options: { proxyProtocol: 'always' },
    ...told,
    streamsUploads: true,
  },
  { ...overScgi, options: { protocol: 'scgi' }, ...gateway, streamsUploads: false },
  { ...overFastCgi, program: 'nginx', name: 'fastcgi', ...gateway, streamsUploads: true },
  { ...overFastCgi, program: 'haproxy', name: 'fcgi-app', ...gateway, streamsUploads: false },
]

interface AskOptions {
  method?: string
  body?: string
  headers?: Record<string, string>
}

interface Answer {
  status: number | undefined
  headers: IncomingMessage['headers']
  body: string
}

/** One request on a connection of its own. Rejects if the response is cut. */
async function ask(
  url: string,
  { method = 'GET', body = '', headers = {} }: AskOptions = {},
): Promise<Answer> {
  const sent = request(url, { method, headers, agent: false, timeout: DEADLINE_MS })
  sent.on('timeout', () => sent.destroy(new Error(`no answer within ${DEADLINE_MS} ms`)))
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const part of response.setEncoding('latin1')) text += String(part)
  return { status: response.statusCode, headers: response.headers, body: text }
}

describe.each(SUBJECTS)('page $page: $program, $name', (subject) => {
  const reason = missing(subject.program)

  it('serves requests with all that the page promises', async ({ skip }) => {
    skip(reason !== null, reason ?? undefined)
    await using front = await startFront(subject)
    const { url } = front

    const told = await ask(`${url}/a%20b?q=1`, { headers: { host: 'shop.test' } })
    expect(told.status).toBe(200)
    const facts = JSON.parse(told.body) as Record<string, unknown>
    const client =
      subject.client === VARIABLES ? { client: '127.0.0.1' } : { forwarded: '127.0.0.1' }
    expect(facts).toMatchObject({
      method: 'GET',
      path: '/a b',
      queryString: 'q=1',
      host: 'shop.test',
      ...client,
    })
    if (subject.client === FORWARDED) expect(facts['proto']).toBe('http')

    const large = 'x'.repeat(300_000)
    const echoed = await ask(`${url}/echo`, { method: 'POST', body: large })
    expect(echoed.body === large).toBe(true)
    expect((await ask(`${url}/`, { method: 'HEAD' })).body).toBe('')

    await expectCut(`${url}/broken`)
    await expectEvents(`${url}/events`)
    if (subject.streamsUploads) await expectStreamedUpload(`${url}/upload`)
    if (subject.hasWebSockets) await expectEcho(`${url.replace('http', 'ws')}/ws`)
  })

  it('keeps its connections to the server', async ({ skip }) => {
    skip(reason !== null, reason ?? undefined)
    skip(subject.name === 'scgi', 'SCGI has a connection for each request')
    skip(subject.name === 'proxy-protocol', 'a connection belongs to one client')
    await using front = await startFront(subject)
    for (let count = 0; count < REQUESTS; count += 1) {
      expect((await ask(`${front.url}/`)).status).toBe(200)
    }
    // HAProxy keeps connections for each of its threads, and has one more for the health check.
    expect(front.server.stats().connections).toBeGreaterThan(0)
    expect(front.server.stats().connections).toBeLessThan(REQUESTS / 2)
  })
})

it('page cgi: nginx, auth: tells the user that it has checked', async ({ skip }) => {
  const reason = missing('nginx')
  skip(reason !== null, reason ?? undefined)
  await using front = await startFront({ ...overScgi, name: 'auth', options: { protocol: 'scgi' } })
  expect((await ask(front.url)).status).toBe(401)
  const authorization = `Basic ${Buffer.from('anna:secret').toString('base64')}`
  const { status, body } = await ask(front.url, { headers: { authorization } })
  expect(status).toBe(200)
  expect(JSON.parse(body)).toMatchObject({ auth: { type: 'Basic', user: 'anna' } })
})

async function expectCut(url: string): Promise<void> {
  await expect(ask(url)).rejects.toThrow(/aborted|socket hang up|terminated/)
}

async function expectEvents(url: string): Promise<void> {
  const sent = request(url, { agent: false, timeout: DEADLINE_MS }).end()
  sent.on('timeout', () => sent.destroy(new Error('no event')))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  expect(String(response.headers['content-type'])).toContain('text/event-stream')
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const [first] = (await once(response, 'data', { signal })) as [Buffer]
  expect(first.toString()).toBe('data: 1\n\n')
  releaseEvents()
  const end = once(response, 'end', { signal })
  const [second] = (await once(response, 'data', { signal })) as [Buffer]
  expect(second.toString()).toBe('data: 2\n\n')
  await end
}

async function expectStreamedUpload(url: string): Promise<void> {
  expectUpload()
  const headers = { 'content-length': '10' }
  const sent = request(url, { method: 'POST', agent: false, headers, timeout: DEADLINE_MS })
  sent.on('timeout', () => sent.destroy(new Error('the upload does not arrive')))
  sent.write('first')
  expect(await firstBytes).toBe('first')
  sent.end('other')
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const [body] = (await once(response, 'data')) as [Buffer]
  expect(body.toString()).toBe('10')
}

async function expectEcho(url: string): Promise<void> {
  const socket = new WebSocket(url, { handshakeTimeout: DEADLINE_MS })
  const signal = AbortSignal.timeout(DEADLINE_MS)
  await once(socket, 'open', { signal })
  const message = once(socket, 'message', { signal }) as Promise<[Buffer]>
  socket.send('hello')
  expect(String((await message)[0])).toBe('hello')
  const closed = once(socket, 'close', { signal })
  socket.close(1000)
  await closed
}
