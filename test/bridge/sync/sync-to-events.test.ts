import { describe, expect, it } from 'vitest'
import { startLifespan } from '../../../src/async/lifespan.ts'
import { syncToEvents } from '../../../src/bridge/sync/sync-to-events.ts'
import {
  AppError,
  BadRequestError,
  BodyTooLargeError,
  ClientDisconnectedError,
  ContentLengthMismatchError,
  UnsupportedScopeError,
} from '../../../src/errors.ts'
import { failureOf, Host, httpScope, recordingLog, turn } from '../host.ts'
import type { SyncApp, SyncBody } from '../../../src/contract/environ.ts'
import type { HeaderPairs, HttpScope, WebSocketScope } from '../../../src/contract/events.ts'

const hello: SyncApp = function* (_environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield 'Hello, '
  yield 'world'
}

const echo: SyncApp = (environ, startResponse) => {
  startResponse('200 OK', [])
  return [environ['wsgi.input'].read()]
}

const answering =
  (body: () => SyncBody, headers: HeaderPairs = [], status = '200 OK'): SyncApp =>
  (_environ, startResponse) => {
    startResponse(status, headers)
    return body()
  }

/** A body that records the calls it gets. */
function tracked(chunks: Array<string | Error>, journal: string[]): SyncBody {
  const iterator = (function* () {
    for (const chunk of chunks) {
      journal.push(`next ${String(chunk)}`)
      if (chunk instanceof Error) throw chunk
      yield chunk
    }
  })()
  return {
    [Symbol.iterator]: () => ({
      next: () => iterator.next(),
      return: () => {
        journal.push('return')
        return iterator.return()
      },
    }),
    close: () => {
      journal.push('close')
    },
  }
}

async function run(app: SyncApp, scope: Partial<HttpScope> = {}, host = new Host()): Promise<Host> {
  await host.run(syncToEvents(app), httpScope(scope))
  return host
}

function start(status: number, ...headers: HeaderPairs): object {
  return { type: 'http.response.start', status, headers }
}

function body(body: unknown, moreBody: boolean): object {
  return { type: 'http.response.body', body, moreBody }
}

describe('syncToEvents: the response', () => {
  it('[3a.39] sends the head with the first chunk, and an event for each chunk', async () => {
    const { sent } = await run(hello)
    expect(sent).toEqual([
      start(200, ['content-type', 'text/plain']),
      body('Hello, ', true),
      body('world', true),
      body('', false),
    ])
  })

  it('[3a.40] accepts a call of startResponse during the first next()', async () => {
    const journal: string[] = []
    const app: SyncApp = function* (_environ, startResponse) {
      journal.push('iterated')
      yield ''
      startResponse('404 Not Found', [])
      yield 'none'
    }
    expect((await run(app)).sent[0]).toEqual(start(404))
    expect(journal).toEqual(['iterated'])
  })

  it('[3a.6] sends no event for an empty chunk', async () => {
    const app = answering(() => ['', 'a', new Uint8Array(0), 'b', ''])
    expect((await run(app)).types).toEqual(['start', 'body', 'body', 'body'])
  })

  it('[3a.41] fails when a chunk, or the end, comes before startResponse', async () => {
    const bodies: SyncBody[] = [['a'], [], tracked(['a'], []), tracked([], [])]
    for (const body of bodies) {
      const host = new Host()
      expect(await failureOf(run(() => body, {}, host))).toBeInstanceOf(AppError)
      expect(host.sent).toEqual([])
    }
  })

  it('[3c.9] sends nothing before the first chunk, so that excInfo can still replace the head', async () => {
    const app: SyncApp = function* (_environ, startResponse) {
      startResponse('200 OK', [['X-Old', '1']])
      yield ''
      startResponse('500 Oops', [['X-New', '1']], new Error('handled'))
      yield 'sorry'
    }
    expect((await run(app)).sent).toEqual([
      start(500, ['x-new', '1']),
      body('sorry', true),
      body('', false),
    ])
  })

  it('[3a.43] sends written bytes before iterated chunks', async () => {
    const app: SyncApp = function* (_environ, startResponse) {
      const write = startResponse('200 OK', [])
      write('a')
      write('b')
      yield 'c'
    }
    const { sent } = await run(app)
    expect(sent.slice(1)).toEqual([body(Buffer.from('ab'), true), body('c', true), body('', false)])
  })

  it('[3a.46] announces the length of an Array, and its last chunk is the last event', async () => {
    const { sent } = await run(answering(() => ['ab', '€', '']))
    expect(sent).toEqual([
      start(200, ['content-length', '5']),
      body('ab', true),
      body('€', true),
      body('', false),
    ])
    const one = await run(answering(() => ['ab']))
    expect(one.sent).toEqual([start(200, ['content-length', '2']), body('ab', false)])
    const none = await run(answering(() => []))
    expect(none.sent).toEqual([start(200, ['content-length', '0']), body('', false)])
  })

  it('[3a.44] pulls a chunk only after the client has taken the previous one', async () => {
    const journal: string[] = []
    const host = new Host()
    const open: Array<() => void> = []
    host.onSend = () => new Promise<void>((resolve) => open.push(resolve))
    const running = run(
      answering(() => tracked(['a', 'b'], journal)),
      {},
      host,
    )
    await turn()
    expect(journal).toEqual(['next a'])
    open.shift()?.()
    await turn()
    expect(journal).toEqual(['next a'])
    open.shift()?.()
    await turn()
    expect(journal).toEqual(['next a', 'next b'])
    host.onSend = () => undefined
    open.shift()?.()
    await running
    expect(host.types).toEqual(['start', 'body', 'body', 'body'])
  })

  it('[3a.45] cuts a body to its Content-Length, stops it, and warns once', async () => {
    const journal: string[] = []
    const app = answering(() => tracked(['abc', 'def', 'ghi'], journal), [['content-length', '4']])
    const host = await run(app)
    expect(host.sent.slice(1)).toEqual([
      body('abc', true),
      body(Buffer.from('d'), true),
      body('', false),
    ])
    expect(journal).toEqual(['next abc', 'next def', 'return', 'close'])
    expect(host.log.lines).toEqual([
      'warn: the body was cut to its Content-Length of 4 bytes; it has more',
    ])
  })

  it('[3a.45] fails, without a last event, when bytes are missing', async () => {
    const host = new Host()
    const app = answering(() => tracked(['abc'], []), [['content-length', '4']])
    expect(await failureOf(run(app, {}, host))).toBeInstanceOf(ContentLengthMismatchError)
    expect(host.sent).toEqual([start(200, ['content-length', '4']), body('abc', true)])
  })

  it('[3a.47] drops the body of HEAD and 304, pulls no second chunk, and closes', async () => {
    for (const [method, status] of [
      ['HEAD', '200 OK'],
      ['GET', '304 Not Modified'],
    ] as const) {
      const journal: string[] = []
      const headers: HeaderPairs = [['content-length', '6']]
      const host = await run(
        answering(() => tracked(['abc', 'def'], journal), headers, status),
        {
          method,
        },
      )
      expect(host.sent).toEqual([
        start(Number(status.slice(0, 3)), ['content-length', '6']),
        body('', false),
      ])
      expect(journal).toEqual(['next abc', 'return', 'close'])
      expect(host.log.lines.length).toBe(1)
    }
  })
})

describe('syncToEvents: the end of the app', () => {
  it('[3a.51] closes the body once, after its normal end', async () => {
    const journal: string[] = []
    await run(answering(() => tracked(['a'], journal)))
    expect(journal).toEqual(['next a', 'close'])
  })

  it('[3a.53] [3c.12] fails with the error of the app, and sends nothing', async () => {
    const broken = new Error('broken')
    const thrown: SyncApp[] = [
      (_environ, _startResponse) => {
        throw broken
      },
      answering(() => tracked([broken], [])),
      answering(() => tracked(['', broken], [])),
    ]
    for (const app of thrown) {
      const host = new Host()
      expect(await failureOf(run(app, {}, host))).toBe(broken)
      expect(host.sent).toEqual([])
    }
  })

  it('[3a.54] [3c.12] fails, closes, and sends no last event when the body throws in its middle', async () => {
    const journal: string[] = []
    const broken = new Error('broken')
    const host = new Host()
    const app = answering(() => tracked(['a', broken], journal))
    expect(await failureOf(run(app, {}, host))).toBe(broken)
    expect(host.sent).toEqual([start(200), body('a', true)])
    expect(journal).toEqual(['next a', 'next Error: broken', 'close'])
  })

  it('[3a.55] [3c.10] stops and closes the body when the client leaves, and fails with the disconnect', async () => {
    const journal: string[] = []
    const host = new Host()
    host.onSend = (event) => {
      if (event.type === 'http.response.body') throw new ClientDisconnectedError()
    }
    const app = answering(() => tracked(['a', 'b'], journal))
    expect(await failureOf(run(app, {}, host))).toBeInstanceOf(ClientDisconnectedError)
    expect(journal).toEqual(['next a', 'return', 'close'])
    expect(host.log.lines).toEqual([])
  })

  it('[3a.52] logs the error of close(), and keeps the first error', async () => {
    const broken = new Error('broken')
    const body = tracked([broken], [])
    body.close = () => {
      throw new Error('close too')
    }
    const host = new Host()
    expect(
      await failureOf(
        run(
          answering(() => body),
          { path: '/x' },
          host,
        ),
      ),
    ).toBe(broken)
    expect(host.log.lines).toEqual(['warn: close() of the body failed'])
    expect(host.log.fields).toEqual([{ method: 'GET', path: '/x', err: new Error('close too') }])
  })

  it('[3a.58] calls the finished-callbacks in reverse, after close(), with the error', async () => {
    const journal: unknown[] = []
    const broken = new Error('broken')
    const app: SyncApp = (environ, startResponse) => {
      environ['isthmus.responseFinished']?.push(
        (_environ, status, headers, error) => journal.push(['first', status, headers, error]),
        () => journal.push('second'),
      )
      startResponse('200 OK', [['x', '1']])
      return tracked(['a', broken], journal as string[])
    }
    await failureOf(run(app))
    expect(journal.slice(-3)).toEqual([
      'close',
      'second',
      ['first', '200 OK', [['x', '1']], broken],
    ])
  })
})

describe('syncToEvents: the request', () => {
  const upload: Partial<HttpScope> = { method: 'POST', headers: [['content-length', '6']] }

  it('[3a.29] [3c.7] runs the app after the whole body has come', async () => {
    const host = new Host('abc', 'def')
    await run(echo, upload, host)
    expect(host.sent.at(-1)).toEqual(body(Buffer.from('abcdef'), false))
  })

  it('[3a.29] passes on a body that is longer than the memory bound', async () => {
    const scope = httpScope(upload)
    const host = new Host('abc', 'def', 'ghi')
    Object.assign(host.connection, { hosting: { environ: {}, maxInlineBodyBytes: 4 } })
    await host.run(syncToEvents(echo), scope)
    expect(host.sent.at(-1)).toEqual(body(Buffer.from('abcdefghi'), false))
  })

  it('[3a.27] receives nothing for a request without a body', async () => {
    for (const headers of [[], [['content-length', '0']]] as HeaderPairs[]) {
      const host = new Host(null)
      await run(echo, { headers }, host)
      expect(host.sent.at(-1)).toEqual(body('', false))
    }
  })

  it('[3a.24] receives a chunked body, which has no length', async () => {
    const host = new Host('abc', '')
    await run(echo, { headers: [['transfer-encoding', 'chunked']] }, host)
    expect(host.sent.at(-1)).toEqual(body(Buffer.from('abc'), false))
  })

  it('[3c.11] never calls the app when the body was cut', async () => {
    let calls = 0
    const app: SyncApp = (_environ, _startResponse) => {
      calls += 1
      return []
    }
    const host = new Host('abc', null)
    expect(await failureOf(run(app, upload, host))).toBeInstanceOf(ClientDisconnectedError)
    expect([calls, host.sent]).toEqual([0, []])
  })

  it('[3a.26] fails with 413 before the app is called', async () => {
    const receive = () => Promise.reject(new BodyTooLargeError(1))
    const app = syncToEvents(echo)
    const work = app(httpScope(upload), receive as never, new Host().send)
    expect(await failureOf(work)).toMatchObject({ status: 413 })
  })

  it('[3c.5] fails with 404 for a path that is not under the root path', async () => {
    const scope = { path: '/b', rootPath: '/a' }
    expect(await failureOf(run(echo, scope))).toMatchObject({ status: 404 })
    expect(await failureOf(run(echo, scope))).toBeInstanceOf(BadRequestError)
  })

  it('runs under a host that is not isthmus', async () => {
    const host = new Host('abc', 'def')
    await syncToEvents(echo)(httpScope(upload), host.receive, host.send)
    expect(host.sent.at(-1)).toEqual(body(Buffer.from('abcdef'), false))
  })
})

describe('syncToEvents: other scopes', () => {
  it('[3c.6] completes lifespan at once, both ways', async () => {
    const log = recordingLog()
    const lifespan = await startLifespan(syncToEvents(hello), { mode: 'on', log })
    await lifespan.shutdown()
    expect(log.lines).toEqual([])
  })

  it('[3c.6] rejects a WebSocket', async () => {
    const { method: _method, ...parts } = httpScope()
    const scope: WebSocketScope = { ...parts, type: 'websocket', scheme: 'ws', subprotocols: [] }
    const host = new Host()
    await host.run(syncToEvents(hello), scope)
    expect(host.sent).toEqual([{ type: 'websocket.close' }])
  })

  it('[3b.6] throws for an unknown scope', async () => {
    const host = new Host()
    const scope = { ...httpScope(), type: 'quic' } as unknown as HttpScope
    expect(await failureOf(host.run(syncToEvents(hello), scope))).toBeInstanceOf(
      UnsupportedScopeError,
    )
  })
})

describe('syncToEvents: the event loop', () => {
  it('[3a.68] turns between chunks that are always ready', async () => {
    const loop = { turned: false }
    setImmediate(() => Object.assign(loop, { turned: true }))
    const app: SyncApp = function* (_environ, startResponse) {
      startResponse('200 OK', [])
      while (!loop.turned) yield 'x'
    }
    const host = await run(app)
    expect(host.types.length).toBeLessThan(1_000)
  })

  it('names the mount that held the loop too long, and the remedy', async () => {
    const slow: SyncApp = (_environ, startResponse) => {
      startResponse('200 OK', [])
      const until = performance.now() + 51
      while (performance.now() < until);
      return []
    }
    const host = await run(slow, { path: '/old/x', rootPath: '/old' })
    expect(host.log.lines).toEqual([
      'warn: an inline sync app held the event loop; host it in threads() to keep everything else responsive',
    ])
    expect(host.log.fields[0]).toMatchObject({ mount: '/old', method: 'GET', path: '/old/x' })
  })
})
