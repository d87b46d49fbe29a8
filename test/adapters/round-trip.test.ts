// An app that goes out through toNode() or toFetch(), and comes back through fromNode() or fromFetch(), is the same app.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConnectionCutError, events, mount, sync, toEvents } from 'isthmus'
import { fromFetch, fromNode, toFetch, toNode } from 'isthmus/adapters'
import { deferred } from '../../src/waiting/deferred.ts'
import { httpScope } from '../bridge/host.ts'
import { httpApp, readAll, served, soon } from '../raw/served.ts'
import type { EventApp, HeaderPairs, HttpScope, ReceiveEvent, ResponseEnd } from 'isthmus'

const OPTIONS = { log: null, lifespan: 'off' } as const

interface Trip {
  name: string
  around: (app: EventApp) => EventApp
  /** The fields as the trip keeps them. */
  kept: (fields: HeaderPairs) => HeaderPairs
}

const TRIPS: Trip[] = [
  {
    name: 'toNode and fromNode',
    around: (app) => fromNode(toNode(app, OPTIONS)),
    kept: (fields) => fields,
  },
  {
    name: 'toFetch and fromFetch',
    around: (app) => fromFetch(toFetch(app, OPTIONS)),
    kept: asHeaders,
  },
  {
    name: 'toFetch and fromFetch with real objects',
    around: (app) => fromFetch(toFetch(app, OPTIONS), { replaceGlobals: false }),
    kept: asHeaders,
  },
]

/** `Headers` sorts names, and joins the values of each, those of Set-Cookie apart. */
function asHeaders(fields: HeaderPairs): HeaderPairs {
  return [...new Headers(fields)]
}

// --- the properties ---

const charactersOf = (text: string): fc.Arbitrary<string> => fc.constantFrom(...Array.from(text))
const fieldName = fc
  .string({ unit: charactersOf('abcxyz019-!'), minLength: 1, maxLength: 6 })
  .map((name) => `x-${name}`)
const fieldValue = fc
  .string({ unit: charactersOf('ab ,;="\xe9\xff'), minLength: 1, maxLength: 8 })
  .map((value) => value.trim())
  .filter((value) => value !== '')
const fields: fc.Arbitrary<HeaderPairs> = fc.array(
  fc.tuple(fc.oneof(fieldName, fc.constantFrom('cookie', 'accept', 'set-cookie')), fieldValue),
  { maxLength: 8 },
)
const part = fc.constantFrom('a', 'b-c', '~', 'x.y', '%20', '%2F', '%25', '%E2%82%AC', "'", '(*)')
const segment = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''))
const bodyParts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 })
const request = fc
  .record({
    root: fc.constantFrom('', '/m', '/a%20b'),
    rest: fc.array(segment, { maxLength: 3 }),
    slash: fc.constantFrom('', '/'),
    queryString: fc.string({ unit: charactersOf('a=&+%?/') }),
    headers: fields,
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PURGE'),
    scheme: fc.constantFrom('http', 'https'),
    client: fc.option(fc.tuple(fc.ipV4(), fc.nat(65_535))),
    body: bodyParts,
  })
  .map(({ root, rest, slash, headers, body, ...others }) => {
    const path = `${root}${rest.map((one) => `/${one}`).join('')}${slash}`
    const rawPath = path === '' ? '/' : path
    const hasBody = others.method.startsWith('P') && body.length > 0
    const framing: HeaderPairs = hasBody ? [['transfer-encoding', 'chunked']] : []
    const scope = httpScope({
      ...others,
      rawPath,
      path: decodeURIComponent(rawPath),
      headers: [['host', 'a.test'], ...headers, ...framing],
    })
    return { scope, body: hasBody ? body : [] }
  })
const response = fc
  .record({
    status: fc.constantFrom(200, 201, 206, 301, 404, 418, 500, 599, 204, 304),
    headers: fields,
    parts: bodyParts,
  })
  .map((made) => (made.status === 204 || made.status === 304 ? { ...made, parts: [] } : made))

interface Plan {
  status: number
  headers: HeaderPairs
  parts: Uint8Array[]
}

/** The values that an app and its client see. */
interface Seen {
  scope: Partial<HttpScope>
  requestBody: string
  status: number
  headers: HeaderPairs
  responseBody: string
}

// Fields of the framing, which each server sets in its own way.
const FRAMING = new Set(['content-length', 'transfer-encoding', 'date'])
const withoutFraming = (headers: HeaderPairs): HeaderPairs =>
  headers.filter(([name]) => !FRAMING.has(name))

function normal(seen: Seen, kept: Trip['kept']): Seen {
  const scope = { ...seen.scope, headers: kept(seen.scope.headers ?? []) }
  return { ...seen, scope, headers: kept(seen.headers) }
}

function withKept<Values extends { headers: HeaderPairs }>(
  values: Values,
  kept: Trip['kept'],
): Values {
  return { ...values, headers: kept(values.headers) }
}

/** Sends `scope` through `around`, to an app that answers by `plan`. The mount paths are those of the generator. */
async function exchange(
  around: Trip['around'],
  { scope, body }: { scope: HttpScope; body: Uint8Array[] },
  plan: Plan,
): Promise<Seen> {
  const received: Uint8Array[] = []
  const arrived: Array<() => void> = []
  let inner: HttpScope | undefined
  let requestBody = ''
  const size = (chunks: readonly Uint8Array[]): number =>
    chunks.reduce((sum, { length }) => sum + length, 0)
  const app = events(async (innerScope, receive, send) => {
    inner = innerScope as HttpScope
    requestBody = (await readAll(receive)).toString('hex')
    await send({ type: 'http.response.start', status: plan.status, headers: plan.headers })
    for (const [at, chunk] of plan.parts.entries()) {
      await send({ type: 'http.response.body', body: chunk, moreBody: true })
      // The next part is made when this one has arrived. The response to HEAD has none.
      const awaited = size(plan.parts.slice(0, at + 1))
      while (scope.method !== 'HEAD' && size(received) < awaited)
        await new Promise<void>((resolve) => arrived.push(resolve))
    }
    await send({ type: 'http.response.body' })
  })
  const table = mount({ '/a b': around(app), '/m': around(app), '/': around(app) })

  const waiting = body.map((chunk, at): ReceiveEvent => {
    return { type: 'http.request', body: chunk, moreBody: at < body.length - 1 }
  })
  const last: ReceiveEvent = { type: 'http.request', body: new Uint8Array(0), moreBody: false }
  const never = new Promise<ReceiveEvent>(() => undefined)
  let isLast = body.length === 0
  const next = (): Promise<ReceiveEvent> => {
    const event = waiting.shift()
    if (event) return Promise.resolve(event)
    if (!isLast) return never
    isLast = false
    return Promise.resolve(last)
  }
  const receive = Object.assign(next, {
    async *[Symbol.asyncIterator]() {
      for (;;) yield await next()
    },
  })
  let head: { status: number; headers: HeaderPairs } | undefined
  await soon(
    table(structuredClone(scope), receive, async (event) => {
      if (event.type === 'http.response.start')
        head = { status: event.status, headers: event.headers ?? [] }
      if (event.type !== 'http.response.body' || event.body === undefined) return
      received.push(Buffer.from(event.body as Uint8Array))
      for (const resolve of arrived.splice(0)) resolve()
    }),
    'the end of the exchange',
  )
  const { method, scheme, path, rawPath, queryString, rootPath, client, headers } =
    inner as unknown as HttpScope
  return {
    scope: { method, scheme, path, rawPath, queryString, rootPath, client, headers },
    requestBody,
    status: head?.status ?? 0,
    headers: withoutFraming(head?.headers ?? []),
    responseBody: scope.method === 'HEAD' ? '' : Buffer.concat(received).toString('hex'),
  }
}

describe.each(TRIPS)('a round trip through $name', ({ around, kept }) => {
  it('keeps request and response, each part in its time', async () => {
    await fc.assert(
      fc.asyncProperty(request, response, async (asked, plan) => {
        const direct = await exchange((app) => app, asked, plan)
        const travelled = await exchange(around, asked, plan)
        expect(normal(travelled, kept)).toEqual(normal(direct, kept))
      }),
      { numRuns: 150, seed: 15 },
    )
  })

  it('keeps request and response on a socket', async () => {
    const plans = new Map<string, Plan>()
    const seen = new Map<string, unknown>()
    const app = httpApp(async (scope, receive, send) => {
      const id = scope.headers.find(([name]) => name === 'x-plan')?.[1] ?? ''
      const plan = plans.get(id) as Plan
      const body = (await readAll(receive)).toString('hex')
      const { method, path, rawPath, queryString, rootPath, client, httpVersion } = scope
      const facts = { method, path, rawPath, queryString, rootPath, client, httpVersion }
      seen.set(id, { ...facts, body, headers: scope.headers })
      await send({ type: 'http.response.start', status: plan.status, headers: plan.headers })
      for (const chunk of plan.parts)
        await send({ type: 'http.response.body', body: chunk, moreBody: true })
      await send({ type: 'http.response.body' })
    })
    await using server = await served({ '/direct': app, '/trip': around(app) })
    using client = await server.connect()
    const ask = async (base: string, scope: HttpScope, body: Uint8Array[]) => {
      const { method, rawPath, queryString, headers } = scope
      const target = `${base}${rawPath}${queryString === '' ? '' : `?${queryString}`}`
      const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      client.send(`${method} ${target} HTTP/1.1\r\nx-plan: ${base}\r\n${lines}\r\n`)
      for (const chunk of body.filter(({ length }) => length > 0)) {
        client.send(`${chunk.length.toString(16)}\r\n`)
        client.send(chunk)
        client.send('\r\n')
      }
      if (body.length > 0) client.send('0\r\n\r\n')
      const { status, headers: answered, body: bytes } = await client.response(method)
      const lower = answered.map(([name, value]): [string, string] => [name.toLowerCase(), value])
      return { status, bytes, headers: withoutFraming(lower).filter(([name]) => name !== 'server') }
    }
    await fc.assert(
      fc.asyncProperty(request, response, async ({ scope, body }, plan) => {
        plans.set('/direct', { ...plan, headers: plan.headers.slice() })
        plans.set('/trip', plan)
        const direct = await ask('/direct', scope, body)
        const travelled = await ask('/trip', scope, body)
        expect(withKept(travelled, kept)).toEqual(withKept(direct, kept))
        const text = JSON.stringify(seen.get('/direct')).replaceAll('/direct', '/trip')
        const facts = JSON.parse(text) as { headers: HeaderPairs }
        const travelledFacts = seen.get('/trip') as typeof facts
        expect(withKept(travelledFacts, kept)).toEqual(withKept(facts, kept))
      }),
      { numRuns: 30, seed: 16 },
    )
  })

  it('gives a sync app the same environ', async () => {
    const app = sync((environ, startResponse) => {
      const facts = Object.entries(environ).filter(
        ([name, value]) => typeof value === 'string' && !/PORT|URI/.test(name),
      )
      startResponse('200 OK', [])
      const size = environ['wsgi.input'].read().length
      return [JSON.stringify({ ...Object.fromEntries(facts), size })]
    })
    await using server = await served({ '/a b': app, '/a c': around(toEvents(app)) })
    using client = await server.connect()
    const ask = async (mounted: string): Promise<string> => {
      client.send(
        `POST /a%20${mounted}/x%2Fy%C3%A9?q=%20 HTTP/1.1\r\nHost: a.test\r\nCookie: a=1\r\nX-A: 1\r\nX-A: 2\r\nCookie: b=2\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc`,
      )
      return (await client.response()).body
    }
    const direct = JSON.parse(await ask('b')) as Record<string, string>
    const travelled = JSON.parse(await ask('c')) as Record<string, string>
    // The members of a list may have a space between them.
    const list = travelled['HTTP_X_A']?.replace(', ', ',')
    const mounted = { SCRIPT_NAME: '/a c' }
    expect({ ...travelled, HTTP_X_A: list }).toEqual({ ...direct, ...mounted })
    expect(direct).toMatchObject({ SCRIPT_NAME: '/a b', HTTP_X_A: '1,2', size: 3 })
  })

  it('tells the app that its client has left', async () => {
    const end = deferred<ResponseEnd>()
    const rejection = deferred<string>()
    const app = httpApp(async (scope, _receive, send) => {
      scope['isthmus.exchange']?.onEnd((ended) => end.resolve(ended))
      await send({ type: 'http.response.start', status: 200 })
      for (;;) {
        try {
          await send({ type: 'http.response.body', body: 'x', moreBody: true })
          await new Promise((resolve) => setTimeout(resolve, 5))
        } catch (error) {
          return rejection.resolve((error as Error).name)
        }
      }
    })
    await using server = await served(around(app))
    using client = await server.connect()
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
    await client.head()
    client.socket.destroy()
    expect((await soon(end.promise, 'the end')).outcome).toBe('disconnected')
    expect(await soon(rejection.promise, 'the rejection')).toBe('ClientDisconnectedError')
  })

  it('tells the app that its upload breaks off', async () => {
    const types: string[] = []
    const begun = deferred()
    const over = deferred()
    const app = httpApp(async (_scope, receive) => {
      for await (const event of receive) {
        types.push(event.type)
        begun.resolve()
      }
      over.resolve()
    })
    await using server = await served(around(app))
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nabc')
    await soon(begun.promise, 'the first bytes')
    client.socket.destroy()
    await soon(over.promise, 'the disconnect')
    expect(types).toEqual(['http.request', 'http.disconnect'])
  })

  it('tells the client that the app breaks off, before and after the head', async () => {
    const breakOff = deferred()
    const app = httpApp(async (scope, _receive, send) => {
      if (scope.path === '/before') throw new ConnectionCutError()
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      await breakOff.promise
      throw new Error('broken')
    })
    await using server = await served(around(app))
    using before = await server.connect()
    before.send('GET /before HTTP/1.1\r\nHost: a.test\r\n\r\n')
    expect(await before.ended()).not.toBe('open')
    expect(before.received).toBe(0)
    using after = await server.connect()
    after.send('GET /after HTTP/1.1\r\nHost: a.test\r\n\r\n')
    await after.head()
    expect(await after.chunk()).toBe('a')
    breakOff.resolve()
    await expect(after.chunk()).rejects.toThrow('did not come')
  })
})
