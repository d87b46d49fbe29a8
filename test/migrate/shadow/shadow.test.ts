// The copies: their contents, their ends, and that no answer to a client depends on them.

import { AsyncLocalStorage } from 'node:async_hooks'
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { migrate } from '../../../src/migrate.ts'
import { threads } from '../../../src/hosting/threads.ts'
import { serve } from '../../../src/server/serve.ts'
import { testClient } from '../../../src/testing/test-client.ts'
import { saying } from '../apps.ts'
import type { EventApp, HeaderPairs, HttpScope } from '../../../src/contract/events.ts'
import type {
  MigrateOptions,
  MismatchReport,
  ShadowOptions,
  ShadowReport,
} from '../../../src/migrate.ts'
import type { TestClient } from '../../../src/testing/client.ts'

const TEXT: HeaderPairs = [['content-type', 'text/plain']]
const FILE = fileURLToPath(new URL('../apps.ts', import.meta.url))
const old = saying('hello', TEXT)

/** An event app for HTTP from one function. */
function app(
  serve: (
    ...call: [HttpScope, ...(Parameters<EventApp> extends [unknown, ...infer Rest] ? Rest : never)]
  ) => Promise<void>,
): EventApp {
  return async (scope, receive, send) => {
    if (scope.type === 'http') return serve(scope, receive, send)
    return saying('')(scope, receive, send)
  }
}

const echo = app(async (_scope, receive, send) => {
  const chunks: Uint8Array[] = []
  for await (const event of receive) {
    if (event.type !== 'http.request') return
    chunks.push(event.body)
    if (!event.moreBody) break
  }
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: Buffer.concat(chunks) })
})

interface Run {
  client: TestClient
  report: () => ShadowReport
  /** Waits for `count` results of any kind, at most ten seconds. */
  settled: (count: number) => Promise<ShadowReport>
}

async function withShadow(
  options: Partial<MigrateOptions>,
  shadow: ShadowOptions,
  use: (run: Run) => Promise<void>,
): Promise<void> {
  const orders = migrate({ from: old, to: old, shadow, ...options })
  await using client = await testClient(orders)
  const report = (): ShadowReport => orders.report().shadow as ShadowReport
  const settled = async (count: number): Promise<ShadowReport> => {
    await vi.waitFor(() => expect(resultsOf(report())).toBe(count), {
      timeout: 10_000,
      interval: 5,
    })
    return report()
  }
  await use({ client, report, settled })
}

function resultsOf({ compared, failed, skipped }: ShadowReport): number {
  return compared + failed + Object.values(skipped).reduce((sum, count) => sum + count, 0)
}

describe('a copy', () => {
  it('begins after the answer has left, with the mark, the credentials and no field of the client that forges the mark', async () => {
    const seen: HeaderPairs[] = []
    const marks = app(async (scope, _receive, send) => {
      seen.push(scope.headers)
      await saying('hello', TEXT)(scope, _receive, send)
    })
    await withShadow(
      { from: marks, to: marks },
      { baseline: true },
      async ({ client, settled }) => {
        await client.get('/', { headers: { authorization: 'Basic x', 'isthmus-shadow': '1' } })
        expect(seen).toHaveLength(1)
        await settled(1)
      },
    )
    const valuesOf = (name: string): string[] =>
      seen.map((headers) =>
        headers
          .filter(([one]) => one === name)
          .map(([, value]) => value)
          .join(),
      )
    expect(valuesOf('isthmus-shadow')).toEqual(['', '1', 'baseline'])
    expect(valuesOf('authorization')).toEqual(['Basic x', 'Basic x', 'Basic x'])
  })

  it('carries the body of a request, also one that the app reads in pieces', async () => {
    const methods = ['POST']
    await withShadow({ from: echo, to: echo }, { methods }, async ({ client, settled }) => {
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < 5; at += 1) yield Buffer.alloc(30_000, at)
      }
      expect((await client.post('/', { body: pieces() })).body).toHaveLength(150_000)
      expect(await settled(1)).toMatchObject({ compared: 1, matches: 1 })
    })
  })

  it('runs in the async context of no client', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: Array<string | undefined> = []
    const to = app(async (scope, receive, send) => {
      seen.push(storage.getStore())
      await old(scope, receive, send)
    })
    const orders = migrate({ from: old, to, shadow: {} })
    const outer: EventApp = (scope, receive, send) =>
      storage.run('client', () => orders(scope, receive, send))
    await using client = await testClient(outer)
    await client.get('/')
    await vi.waitFor(() => expect(seen).toEqual([undefined]), { timeout: 30_000 })
  })

  it('keeps its cookies to itself', async () => {
    const to = saying('hello', [...TEXT, ['set-cookie', 'sid=1']])
    await withShadow({ to }, {}, async ({ client, settled }) => {
      const { headers } = await client.get('/')
      expect(headers.getAll('set-cookie')).toEqual([])
      expect(await settled(1)).toMatchObject({ matches: 1 })
    })
  })

  it('sees the answer that the old app gave, even if the app changes its bytes afterwards', async () => {
    const bytes = Buffer.from('hello')
    const from = app(async (_scope, _receive, send) => {
      bytes.write('hello')
      await send({ type: 'http.response.start', status: 200, headers: TEXT })
      await send({ type: 'http.response.body', body: bytes })
      bytes.write('JELLO')
    })
    await withShadow({ from }, {}, async ({ client, settled }) => {
      await client.get('/')
      expect(await settled(1)).toMatchObject({ matches: 1, mismatches: 0 })
    })
  })

  it('is made of safe methods, of a part of the requests, and of no WebSocket', async () => {
    await withShadow({}, { rate: 0.5 }, async ({ client, report, settled }) => {
      await client.post('/', { body: 'x' })
      await using socket = await client.websocket('/')
      await socket.send('x')
      await socket.receive()
      expect(report().compared).toBe(0)
      for (let at = 0; at < 100; at += 1) await client.get('/')
      await vi.waitFor(() => expect(report().compared).toBeGreaterThan(20), { timeout: 30_000 })
      await settled(report().compared)
      expect(report().compared).toBeLessThan(80)
    })
  })

  it('is not made for a client that has the new app', async () => {
    await withShadow({ share: 1 }, {}, async ({ client, report }) => {
      await client.get('/')
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(resultsOf(report())).toBe(0)
    })
  })
})

describe('answers are compared', () => {
  it.each([
    ['without their coding', 'gzip'],
    ['as they are, if the coding is false', 'br'],
  ])('%s', async (_, coding) => {
    const from = app(async (_scope, _receive, send) => {
      const body = coding === 'gzip' ? gzipSync('hello') : Buffer.from('no brotli')
      await send({
        type: 'http.response.start',
        status: 200,
        headers: [...TEXT, ['content-encoding', coding]],
      })
      await send({ type: 'http.response.body', body })
    })
    await withShadow({ from }, {}, async ({ client, settled }) => {
      await client.get('/')
      expect(await settled(1)).toMatchObject(coding === 'gzip' ? { matches: 1 } : { mismatches: 1 })
    })
  })

  it('if one is sent as a file', async () => {
    const file = app(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: TEXT })
      await send({ type: 'http.response.pathsend', path: FILE })
    })
    await withShadow({ from: file }, { baseline: true }, async ({ client, settled }) => {
      await client.get('/')
      const { last } = await settled(1)
      expect(last[0]?.differences[0]?.from).toMatch(/^\/\/ Apps and numbers/)
    })
    await withShadow({ from: file, to: file }, {}, async ({ client, settled }) => {
      await client.get('/')
      expect(await settled(1)).toMatchObject({ matches: 1 })
    })
  })

  it('if the apps send early hints', async () => {
    const hinting = app(async (scope, receive, send) => {
      await send({ type: 'http.response.early_hint', links: ['</a.css>; rel=preload'] })
      await old(scope, receive, send)
    })
    await withShadow({ from: hinting, to: hinting }, {}, async ({ client, settled }) => {
      expect((await client.get('/')).earlyHints).toHaveLength(1)
      expect(await settled(1)).toMatchObject({ matches: 1 })
    })
  })

  it('for HEAD and 304, whose bodies do not count', async () => {
    const to = saying('another', TEXT)
    await withShadow({ to }, {}, async ({ client, settled }) => {
      await client.head('/')
      expect(await settled(1)).toMatchObject({ matches: 1 })
    })
  })
})

describe('a request is skipped, and counted by its reason,', () => {
  const from = (headers: HeaderPairs, body: string): EventApp => saying(body, headers)
  it.each<[string, Partial<MigrateOptions>, string | undefined]>([
    ['response-too-large', { from: from(TEXT, 'x'.repeat(101)) }, undefined],
    ['request-too-large', { from: echo }, 'x'.repeat(101)],
    ['request-unread', { from: old }, 'x'],
    [
      'event-stream',
      { from: from([['content-type', 'text/event-stream']], 'data: 1\n\n') },
      undefined,
    ],
    [
      'compare-failed',
      {
        compare: {
          body: () => {
            throw new Error('mine')
          },
        },
      },
      undefined,
    ],
    ['compare-failed', { compare: { body: (() => 1) as never } }, undefined],
  ])('%s', async (reason, options, body) => {
    const shadow = { maxBodyBytes: 100, methods: ['GET', 'POST'] }
    await withShadow(options, shadow, async ({ client, settled }) => {
      if (body === undefined) await client.get('/')
      else await client.post('/', { body })
      expect((await settled(1)).skipped).toEqual({ [reason]: 1 })
    })
  })

  it('request-too-large also without a Content-Length', async () => {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 3; at += 1) yield Buffer.alloc(50)
    }
    await withShadow(
      { from: echo },
      { maxBodyBytes: 100, methods: ['POST'] },
      async ({ client, settled }) => {
        expect((await client.post('/', { body: pieces() })).body).toHaveLength(150)
        expect((await settled(1)).skipped).toEqual({ 'request-too-large': 1 })
      },
    )
  })

  it('from-failed', async () => {
    const orders = migrate({
      from: app(async () => {
        throw new Error('old')
      }),
      to: old,
      shadow: {},
    })
    await using client = await testClient(orders, { raiseAppErrors: false })
    expect((await client.get('/')).status).toBe(500)
    expect(orders.report().shadow?.skipped).toEqual({ 'from-failed': 1 })
  })

  it('busy, while as many requests as possible wait', async () => {
    const hanging = app(() => new Promise(() => undefined))
    await withShadow({ to: hanging }, { concurrency: 1 }, async ({ client, report }) => {
      for (let at = 0; at < 200; at += 1) expect((await client.get('/')).text()).toBe('hello')
      expect(report().skipped['busy']).toBeGreaterThanOrEqual(200 - 128 - 2)
    })
  }, 60_000)
})

describe('a body', () => {
  it('that is nested too deeply to compare harms nothing', async () => {
    const json: HeaderPairs = [['content-type', 'application/json']]
    const deep = (inside: string): EventApp =>
      saying(`${'['.repeat(50_000)}${inside}${']'.repeat(50_000)}`, json)
    await withShadow({ from: deep('1'), to: deep('2') }, {}, async ({ client, settled }) => {
      await client.get('/')
      expect((await settled(1)).skipped).toEqual({ 'compare-failed': 1 })
    })
  })
})

describe('a new app that', () => {
  const endless = app(async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200, headers: TEXT })
    for (;;) await send({ type: 'http.response.body', body: 'x'.repeat(1_000), moreBody: true })
  })
  const KINDS: Record<string, [EventApp, Partial<ShadowReport>]> = {
    throws: [
      app(async () => {
        throw new Error('new')
      }),
      { failed: 5 },
    ],
    'throws in the middle': [
      app(async (_scope, _receive, send) => {
        await send({ type: 'http.response.start', status: 200 })
        await send({ type: 'http.response.body', body: 'x', moreBody: true })
        throw new Error('new')
      }),
      { failed: 5 },
    ],
    'ends without an answer': [app(async () => undefined), { failed: 5 }],
    'hangs and ignores the disconnect': [app(() => new Promise(() => undefined)), { failed: 5 }],
    'hangs until its disconnect': [
      app(async (_scope, receive) => {
        for await (const event of receive) if (event.type === 'http.disconnect') return
      }),
      { failed: 5 },
    ],
    'streams for ever': [endless, { mismatches: 5 }],
    'sends illegal events': [
      app(async (_scope, _receive, send) => send({ type: 'http.response.body' })),
      { failed: 5 },
    ],
  }
  it.each(Object.entries(KINDS))(
    '%s changes no answer',
    async (_, [to, expected]) => {
      const shadow = { timeoutMs: 100, maxBodyBytes: 10_000 }
      await withShadow({ to }, shadow, async ({ client, settled }) => {
        for (let at = 0; at < 5; at += 1) {
          const answer = await client.get('/')
          const { status, headers } = answer
          expect([status, headers.get('content-type'), answer.text()]).toEqual([
            200,
            'text/plain',
            'hello',
          ])
        }
        expect(await settled(5)).toMatchObject({ matches: 0, ...expected })
      })
    },
    20_000,
  )

  it('hangs gets an aborted signal with the reason', async () => {
    let reason: unknown
    const to = app(async (scope) => {
      const signal = scope['isthmus.exchange']?.signal
      await new Promise((resolve) => signal?.addEventListener('abort', resolve))
      reason = signal?.reason
    })
    await withShadow({ to }, { timeoutMs: 50 }, async ({ client, settled }) => {
      await client.get('/')
      await settled(1)
      expect(String(reason)).toContain('no whole answer after 50 ms')
    })
  })

  it('fails after its answer harms no client', async () => {
    const to = app(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: TEXT })
      await send({ type: 'http.response.body', body: 'hello' })
      // The exchange is over: this event is illegal.
      void send({ type: 'http.response.body', body: 'late' })
    })
    await withShadow({ to }, {}, async ({ client, settled }) => {
      for (let at = 0; at < 5; at += 1) expect((await client.get('/')).text()).toBe('hello')
      expect(await settled(5)).toMatchObject({ matches: 5 })
    })
  })

  it('blocks its thread leaves the clients alone', async () => {
    const blocking = threads(new URL('./blocking.js', import.meta.url), { max: 1, timeoutMs: 200 })
    await withShadow({ to: blocking }, { timeoutMs: 5_000 }, async ({ client, settled }) => {
      const startedAt = Date.now()
      for (let at = 0; at < 3; at += 1) expect((await client.get('/')).text()).toBe('hello')
      expect(Date.now() - startedAt).toBeLessThan(2_000)
      const { failed, mismatches } = await settled(3)
      expect(failed + mismatches).toBe(3)
    })
  }, 60_000)
})

describe('the end of the server', () => {
  it('stops copies under way before the apps end', async () => {
    let isStopped = false
    const to = app(async (scope) => {
      const signal = scope['isthmus.exchange']?.signal
      await new Promise((resolve) => signal?.addEventListener('abort', resolve))
      isStopped = true
    })
    const orders = migrate({ from: old, to, shadow: {} })
    {
      await using client = await testClient(orders)
      await client.get('/')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect([isStopped, orders.report().shadow?.failed]).toEqual([true, 0])
  })
})

describe('onMismatch', () => {
  it('gets each mismatch once; its error goes to the log once', async () => {
    const told: MismatchReport[] = []
    const onMismatch = (mismatch: MismatchReport): void => {
      told.push(mismatch)
      throw new Error('mine')
    }
    await withShadow({ to: saying('other', TEXT), onMismatch }, {}, async ({ client, settled }) => {
      for (let at = 0; at < 3; at += 1) await client.get(`/a?secret=${at}`)
      const { last } = await settled(3)
      expect(told).toHaveLength(3)
      expect(told[0]).toEqual({
        at: expect.any(String),
        method: 'GET',
        path: '/a',
        differences: [{ part: 'body @0', from: 'hello', to: 'other' }],
      })
      expect(last).toEqual(told.toReversed())
    })
  })

  it('may be an async function that fails', async () => {
    const onMismatch = (async () => {
      throw new Error('mine')
    }) as () => void
    await withShadow({ to: saying('other', TEXT), onMismatch }, {}, async ({ client, settled }) => {
      await client.get('/')
      expect(await settled(1)).toMatchObject({ mismatches: 1 })
    })
  })
})

describe('over a socket', () => {
  it('clients get their answers beside a new app that hangs, throws and blocks', async () => {
    let turn = 0
    const to = app(async () => {
      turn += 1
      if (turn % 3 === 0) throw new Error('new')
      if (turn % 3 === 1) await new Promise(() => undefined)
      for (const end = Date.now() + 20; Date.now() < end;);
    })
    const orders = migrate({ from: old, to, shadow: { timeoutMs: 50, concurrency: 4 } })
    await using server = await serve(orders, { port: 0, log: null })
    for (let at = 0; at < 30; at += 1) {
      const response = await fetch(server.url)
      expect([response.status, await response.text()]).toEqual([200, 'hello'])
    }
    expect(orders.report().from).toMatchObject({ requests: 30, errors: 0 })
    await vi.waitFor(() => expect(orders.report().shadow?.failed).toBeGreaterThan(3), {
      timeout: 10_000,
    })
  }, 60_000)
})

describe('set()', () => {
  it('begins and ends the shadow at run time', async () => {
    const orders = migrate({ from: old, to: old })
    await using client = await testClient(orders)
    await client.get('/')
    orders.set({ shadow: { baseline: true } })
    await client.get('/')
    await vi.waitFor(() => expect(orders.report().shadow?.compared).toBe(1), { timeout: 30_000 })
    expect(orders.report().shadow).toMatchObject({ rate: 1, baseline: true })
    orders.set({ shadow: null })
    await client.get('/')
    expect(orders.report().shadow).toBe(null)
  })

  it('begins again with the options that it had before', () => {
    const orders = migrate({ from: old, to: old, shadow: { rate: 0.5, baseline: true } })
    orders.set({ shadow: null })
    orders.set({ shadow: {} })
    expect(orders.report().shadow).toMatchObject({ rate: 0.5, baseline: true })
  })
})
