// The options of accessLog() that see the exchange: query, which redacts, and skip, which leaves out lines.

import { describe, expect, it } from 'vitest'
import { websocket } from '../../src/async/websocket-app.ts'
import { chain } from '../../src/chain/chain.ts'
import { mount } from '../../src/bridge/mount.ts'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { accessLog } from '../../src/middleware/access-log.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { recordingLog } from '../bridge/host.ts'
import type { App } from '../../src/bridge/style.ts'
import type { AccessLogEntry, AccessLogOptions } from '../../src/middleware/access-log.ts'
import type { TestClient } from '../../src/testing/client.ts'

/** Answers `/<status>/<bytes>`, in every style. */
const APPS: Record<string, App> = {
  sync: sync((environ, startResponse) => {
    const [, status = '200', bytes = '0'] = environ.PATH_INFO.split('/')
    startResponse(`${status} Reason`, [])
    return ['x'.repeat(Number(bytes))]
  }),
  iterable: iterable(async function* (environ, startResponse) {
    const [, status = '200', bytes = '0'] = environ.PATH_INFO.split('/')
    startResponse(`${status} Reason`, [])
    yield 'x'.repeat(Number(bytes))
  }),
  events: events(async (scope, _receive, send) => {
    const [, status = '200', bytes = '0'] = (scope as { path: string }).path.split('/')
    await send({ type: 'http.response.start', status: Number(status) })
    await send({ type: 'http.response.body', body: 'x'.repeat(Number(bytes)) })
  }),
}
const EVENTS = APPS['events'] as App
const REFERER = { referer: 'https://a.test/reset?token=s3cret' }

type Ask = (client: TestClient) => Promise<unknown>

/** The lines of text for the requests of `ask`. */
async function linesOf(options: AccessLogOptions, ask: Ask, app = EVENTS): Promise<string[]> {
  const lines: string[] = []
  const wrap = accessLog({ format: 'combined', write: (line) => void lines.push(line), ...options })
  await using client = await testClient(wrap(app), { lifespan: 'off' })
  await ask(client)
  return lines
}

/** The request line and the Referer of the one line of the format `combined`. */
async function quotedIn(query: AccessLogOptions['query'], target: string, headers = {}) {
  const [line = ''] = await linesOf({ query }, (client) => client.get(target, { headers }))
  const [, request, , referer] = line.split('"')
  return [request, referer]
}

describe('the option query', () => {
  it('leaves the query out by default, and from the Referer too', async () => {
    for (const query of [undefined, false]) {
      const quoted = await quotedIn(query, '/200/1?password=hunter2', REFERER)
      expect(quoted).toEqual(['GET /200/1 HTTP/1.1', 'https://a.test/reset'])
    }
  })

  it('keeps both with true', async () => {
    const quoted = await quotedIn(true, '/200/1?a=1&b=%22', REFERER)
    expect(quoted).toEqual(['GET /200/1?a=1&b=%22 HTTP/1.1', REFERER.referer])
  })

  it('redacts both with a function, which gets the request', async () => {
    const asked: string[] = []
    const redact = (query: string, request: { path: string }): string => {
      asked.push(`${request.path} ${query}`)
      return query.replaceAll(/(token|password)=[^&]*/g, '$1=…')
    }
    const quoted = await quotedIn(redact, '/200/1?a=1&password=hunter2', REFERER)
    expect(quoted).toEqual([
      String.raw`GET /200/1?a=1&password=\u{2026} HTTP/1.1`,
      String.raw`https://a.test/reset?token=\u{2026}`,
    ])
    expect(asked).toEqual(['/200/1 a=1&password=hunter2', '/200/1 token=s3cret'])
  })

  it('is a field of its own in a log, and in the sentence', async () => {
    const log = recordingLog()
    await using client = await testClient(accessLog({ log, query: true })(EVENTS), {
      lifespan: 'off',
    })
    await client.get('/200/1?a=1')
    await client.get('/200/1')
    expect(log.lines).toEqual(['info: GET /200/1?a=1 200', 'info: GET /200/1 200'])
    expect(log.fields.map(({ path, query }) => [path, query])).toEqual([
      ['/200/1', 'a=1'],
      ['/200/1', undefined],
    ])
    expect(log.fields[1]).not.toHaveProperty('query')
  })

  it.each(Object.keys(APPS))('is a field of json, around %s', async (style) => {
    const ask: Ask = (client) => client.get('/200/1?a="', { headers: REFERER })
    const [line = ''] = await linesOf({ format: 'json', query: true }, ask, APPS[style])
    const { path, query, referer } = JSON.parse(line) as Record<string, unknown>
    expect([path, query, referer]).toEqual(['/200/1', String.raw`a=\x22`, REFERER.referer])
  })

  it('cannot forge a line, also not with the text that the function returns', async () => {
    const [request] = await quotedIn(() => 'a" 200 5\n127.0.0.1', '/200/1?x')
    expect(request).toBe(String.raw`GET /200/1?a\x22\x20200\x205\x0a127.0.0.1 HTTP/1.1`)
  })

  it('reports a function that returns no string, and sends the response', async () => {
    const log = recordingLog()
    const query = (() => undefined) as never
    const app = accessLog({ format: 'common', write: () => undefined, query })(EVENTS)
    await using client = await testClient(app, { log, lifespan: 'off' })
    expect((await client.get('/200/1?x')).status).toBe(200)
    expect(log.lines).toEqual([expect.stringContaining('a callback of request.onFinish failed')])
  })
})

describe('the option skip', () => {
  const ask: Ask = async (client) => {
    for (const target of ['/200/5', '/404/7', '/500/0']) await client.get(target)
  }
  const statuses = (lines: string[]): Array<string | undefined> =>
    lines.map((line) => line.split(' ')[8])

  it.each(Object.keys(APPS))('sees the response, around %s', async (style) => {
    const entries: AccessLogEntry[] = []
    const skip = (entry: AccessLogEntry): boolean => {
      entries.push(entry)
      return (entry.status ?? 500) < 400
    }
    expect(statuses(await linesOf({ skip }, ask, APPS[style]))).toEqual(['404', '500'])
    expect(entries.map(({ request: { path }, status, bytes }) => [path, status, bytes])).toEqual([
      ['/200/5', 200, 5],
      ['/404/7', 404, 7],
      ['/500/0', 500, 0],
    ])
    expect(entries[0]).toEqual({
      request: expect.objectContaining({ kind: 'http' }),
      method: 'GET',
      path: '/200/5',
      status: 200,
      bytes: 5,
      outcome: 'complete',
      code: undefined,
      error: undefined,
      durationMs: expect.any(Number),
    })
  })

  it('sees the error of an app, and the status that the server answers', async () => {
    const failure = new Error('no seats left')
    const failing = events(() => Promise.reject(failure))
    const seen: unknown[] = []
    const skip = ({ status, error }: AccessLogEntry): boolean => seen.push(status, error) === 0
    const app = accessLog({ format: 'common', write: () => undefined, skip })(failing)
    await using client = await testClient(app, { lifespan: 'off', raiseAppErrors: false })
    await client.get('/')
    expect(seen).toEqual([500, failure])
  })

  it('sees the accept and the end of a WebSocket', async () => {
    const log = recordingLog()
    const skip = ({ outcome }: AccessLogEntry): boolean => outcome === 'accepted'
    const socket = websocket(async (session) => {
      await session.accept()
      await session.close(4001)
    })
    const app = chain(accessLog({ log, skip }))(mount({ '/': socket }))
    {
      await using client = await testClient(app, { lifespan: 'off' })
      await using session = await client.websocket('/')
      await session.closed
    }
    expect(log.lines).toEqual(['info: WEBSOCKET / closed 4001'])
  })

  it('writes the line, and reports the function, if it returns no boolean', async () => {
    const log = recordingLog()
    const lines: string[] = []
    const skip = (async () => true) as never
    const app = accessLog({ format: 'common', write: (line) => void lines.push(line), skip })(
      EVENTS,
    )
    await using client = await testClient(app, { log, lifespan: 'off' })
    await client.get('/200/1')
    expect(lines).toHaveLength(1)
    expect(log.lines).toEqual([expect.stringContaining('a callback of request.onFinish failed')])
  })
})
