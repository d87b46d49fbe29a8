import { afterEach, describe, expect, it, vi } from 'vitest'
import { startLifespan } from '../../../src/async/lifespan.ts'
import { iterableToEvents } from '../../../src/bridge/iterable/iterable-to-events.ts'
import { syncToEvents } from '../../../src/bridge/sync/sync-to-events.ts'
import {
  AppError,
  ClientDisconnectedError,
  ContentLengthMismatchError,
} from '../../../src/errors.ts'
import { failureOf, Host, httpScope, recordingLog, turn } from '../host.ts'
import type { AsyncBody, Chunk, IterableApp, SyncApp } from '../../../src/contract/environ.ts'
import type { HeaderPairs, HttpScope, WebSocketScope } from '../../../src/contract/events.ts'

const hello: IterableApp = async function* (_environ, startResponse) {
  await turn()
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield 'Hello, '
  await turn()
  yield 'world'
}

const echo: IterableApp = async function* (environ, startResponse) {
  startResponse('200 OK', [])
  for await (const line of environ['wsgi.input']) yield line
}

const answering =
  (body: () => AsyncBody, headers: HeaderPairs = []): IterableApp =>
  (_environ, startResponse) => {
    startResponse('200 OK', headers)
    return body()
  }

/** A body that records the calls it gets. It throws the errors in its list, and awaits the promises. */
function tracked(
  chunks: Array<Chunk | Error | Promise<unknown>>,
  journal: string[],
): AsyncBody & { close(): void | Promise<void> } {
  const iterator = (async function* () {
    for (const chunk of chunks) {
      journal.push('next')
      if (chunk instanceof Error) throw chunk
      if (chunk instanceof Promise) await chunk
      else yield chunk
    }
  })()
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => iterator.next(),
      return: () => {
        journal.push('return')
        return iterator.return(undefined)
      },
    }),
    close: () => {
      journal.push('close')
    },
  }
}

const forever = new Promise<never>(() => undefined)

async function run(
  app: IterableApp,
  scope: Partial<HttpScope> = {},
  host = new Host(),
): Promise<Host> {
  await host.run(iterableToEvents(app), httpScope(scope))
  return host
}

function start(status: number, ...headers: HeaderPairs): object {
  return { type: 'http.response.start', status, headers }
}

function body(body: unknown, moreBody: boolean): object {
  return { type: 'http.response.body', body, moreBody }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('iterableToEvents: the response', () => {
  it('[3a.62] sends the head with the first chunk, and an event for each chunk', async () => {
    expect((await run(hello)).sent).toEqual([
      start(200, ['content-type', 'text/plain']),
      body('Hello, ', true),
      body('world', true),
      body('', false),
    ])
  })

  it('[3a.62] [3c.9] sends nothing before the first chunk, so that excInfo can still replace the head', async () => {
    const app: IterableApp = async function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield ''
      await turn()
      startResponse('500 Oops', [], new Error('handled'))
      yield 'sorry'
    }
    expect((await run(app)).sent[0]).toEqual(start(500))
  })

  it('[3a.41] fails when a chunk, or the end, comes before startResponse', async () => {
    for (const chunks of [['a'], []]) {
      const host = new Host()
      const failure = await failureOf(run(() => tracked(chunks, []), {}, host))
      expect(failure).toBeInstanceOf(AppError)
      expect(host.sent).toEqual([])
    }
  })

  it('[3a.63] pulls a chunk only after the client has taken the previous one', async () => {
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
    open.shift()?.()
    await turn()
    expect(journal).toEqual(['next'])
    open.shift()?.()
    await turn()
    expect(journal).toEqual(['next', 'next'])
    host.onSend = () => undefined
    open.shift()?.()
    await running
    expect(host.types).toEqual(['start', 'body', 'body', 'body'])
  })

  it('[3a.67] accepts a promise of a body, async or not', async () => {
    const apps: IterableApp[] = [
      async (_environ, startResponse) => {
        startResponse('200 OK', [])
        return ['a', 'b', '']
      },
      async (_environ, startResponse) => {
        startResponse('200 OK', [['content-length', '2']])
        return tracked(['a', 'b'], [])
      },
    ]
    for (const app of apps) {
      const { sent } = await run(app)
      expect(sent).toEqual([
        start(200, ['content-length', '2']),
        body('a', true),
        body('b', true),
        body('', false),
      ])
    }
  })

  it('[3a.67] makes the last chunk of an Array the last event', async () => {
    const { sent } = await run(async (_environ, startResponse) => {
      startResponse('200 OK', [])
      return ['ab']
    })
    expect(sent).toEqual([start(200, ['content-length', '2']), body('ab', false)])
  })

  it('[3a.67] fails with the error of the promise', async () => {
    const broken = new Error('broken')
    expect(await failureOf(run(() => Promise.reject(broken)))).toBe(broken)
  })

  it('[3a.4] fails if the app returns a value that is not a body, or yields one that is not a chunk', async () => {
    for (const returned of ['text', Buffer.from('bytes'), undefined, null, 7, {}]) {
      const app = (async (_environ, startResponse) => {
        startResponse('200 OK', [])
        return returned
      }) as IterableApp
      expect(await failureOf(run(app))).toBeInstanceOf(AppError)
    }
    const journal: string[] = []
    const app = answering(() => tracked([7 as never], journal))
    expect(await failureOf(run(app))).toBeInstanceOf(AppError)
    expect(journal).toEqual(['next', 'return', 'close'])
  })

  it('[3a.66] answers like a sync app that yields the same chunks', async () => {
    const chunkLists = [[], ['a'], ['', 'a', ''], ['a', Buffer.from('b'), '€']]
    const headerLists: HeaderPairs[] = [[], [['content-length', '2']]]
    for (const chunks of chunkLists) {
      for (const headers of headerLists) {
        for (const method of ['GET', 'HEAD']) {
          const legacy: SyncApp = function* (_environ, startResponse) {
            startResponse('200 OK', headers)
            yield* chunks
          }
          const modern: IterableApp = async function* (_environ, startResponse) {
            startResponse('200 OK', headers)
            yield* chunks
          }
          const hosts = [new Host(), new Host()] as const
          const failures = [
            await failureOf(hosts[0].run(syncToEvents(legacy), httpScope({ method }))),
            await failureOf(hosts[1].run(iterableToEvents(modern), httpScope({ method }))),
          ]
          expect(hosts[1].sent).toEqual(hosts[0].sent)
          expect(failures[1]).toEqual(failures[0])
          expect(hosts[1].log.lines).toEqual(hosts[0].log.lines)
        }
      }
    }
  })

  it('[3a.68] turns the event loop between chunks that are always ready, even if they are empty', async () => {
    for (const chunk of ['x', '']) {
      const loop = { turned: false }
      setImmediate(() => Object.assign(loop, { turned: true }))
      const app: IterableApp = async function* (_environ, startResponse) {
        startResponse('200 OK', [])
        while (!loop.turned) yield chunk
      }
      const host = await run(app)
      expect(host.types.at(-1)).toBe('body')
    }
  })

  it('[3a.45] fails, without a last event, when bytes are missing', async () => {
    const host = new Host()
    const app = answering(() => tracked(['abc'], []), [['content-length', '4']])
    expect(await failureOf(run(app, {}, host))).toBeInstanceOf(ContentLengthMismatchError)
    expect(host.types).toEqual(['start', 'body'])
  })
})

describe('iterableToEvents: the request', () => {
  it('[3a.65] [3c.7] streams the body in both directions', async () => {
    const host = new Host('a\nb', 'c\n', 'd')
    await run(echo, { method: 'POST' }, host)
    const bodies = host.sent.slice(1).map((event) => 'body' in event && String(event.body))
    expect(bodies).toEqual(['a\n', 'bc\n', 'd', ''])
  })

  it('[3a.65] fails with the error of the read if the body was cut', async () => {
    const host = new Host('a\n', null)
    const failure = await failureOf(run(echo, { method: 'POST' }, host))
    expect(failure).toBeInstanceOf(ClientDisconnectedError)
    expect(host.types).toEqual(['start', 'body'])
  })
})

describe('iterableToEvents: the end of the app', () => {
  it('[3a.51] closes the body once, after its end and after its failure', async () => {
    const journal: string[] = []
    await run(answering(() => tracked(['a'], journal)))
    expect(journal).toEqual(['next', 'close'])
    journal.length = 0
    await failureOf(run(answering(() => tracked(['a', new Error('broken')], journal))))
    expect(journal).toEqual(['next', 'next', 'close'])
  })

  it('[3a.55] [3c.10] wakes an app that waits when the client leaves, and stops it', async () => {
    const journal: string[] = []
    const host = new Host()
    let wake: () => void = () => undefined
    const waiting = new Promise<void>((resolve) => {
      wake = resolve
    })
    const running = failureOf(
      run(
        answering(() => tracked(['a', waiting], journal)),
        {},
        host,
      ),
    )
    await turn()
    expect(journal).toEqual(['next', 'next'])
    host.leave()
    wake()
    expect(await running).toBeInstanceOf(ClientDisconnectedError)
    expect(journal).toEqual(['next', 'next', 'return', 'close'])
    expect(host.log.lines).toEqual([])
  })

  it('[3a.64] waits five seconds for an app that does not stop, and then closes the body', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const journal: string[] = []
    const host = new Host()
    const running = failureOf(
      run(
        answering(() => tracked(['a', forever], journal)),
        {},
        host,
      ),
    )
    await turn()
    host.leave()
    await vi.advanceTimersByTimeAsync(4_999)
    expect(journal).toEqual(['next', 'next', 'return'])
    await vi.advanceTimersByTimeAsync(1)
    expect(await running).toBeInstanceOf(ClientDisconnectedError)
    expect(journal).toEqual(['next', 'next', 'return', 'close'])
    expect(host.log.lines).toEqual([
      'warn: return() of the body takes longer than 5000 ms; the server waits no longer',
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('[3a.51] closes a body that the app returns after its client has left', async () => {
    const journal: string[] = []
    const host = new Host()
    let answer: (body: AsyncBody) => void = () => undefined
    const app: IterableApp = () => new Promise((resolve) => (answer = resolve))
    const running = failureOf(run(app, {}, host))
    await turn()
    host.leave()
    expect(await running).toBeInstanceOf(ClientDisconnectedError)
    answer(tracked(['a'], journal))
    await turn()
    expect(journal).toEqual(['close'])
  })

  it('[3a.52] logs the errors of return() and close(), and keeps the first error', async () => {
    const host = new Host()
    const broken = new ClientDisconnectedError()
    host.onSend = () => {
      throw broken
    }
    const body: AsyncBody = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: 'a' }),
        return: () => Promise.reject(new Error('return too')),
      }),
      close: () => Promise.reject(new Error('close too')),
    }
    expect(
      await failureOf(
        run(
          answering(() => body),
          {},
          host,
        ),
      ),
    ).toBe(broken)
    expect(host.log.lines).toEqual([
      'warn: return() of the body failed',
      'warn: close() of the body failed',
    ])
  })

  it('[3a.64] awaits close()', async () => {
    const journal: string[] = []
    const closing = answering(() => {
      const body = tracked(['a'], journal)
      body.close = async () => {
        await turn()
        journal.push('closed')
      }
      return body
    })
    await run(closing)
    expect(journal.at(-1)).toBe('closed')
  })

  it('[3a.58] calls the finished-callbacks after close(), with the error', async () => {
    const journal: unknown[] = []
    const broken = new Error('broken')
    const app: IterableApp = (environ, startResponse) => {
      environ['isthmus.responseFinished']?.push((_environ, status, _headers, error) =>
        journal.push([status, error]),
      )
      startResponse('200 OK', [])
      return tracked(['a', broken], journal as string[])
    }
    await failureOf(run(app))
    expect(journal).toEqual(['next', 'next', 'close', ['200 OK', broken]])
  })

  it('[3a.69] aborts the signal when the client leaves, and not after the body was read', async () => {
    const host = new Host('a')
    let signal: AbortSignal | undefined
    const app: IterableApp = async function* (environ, startResponse) {
      signal = environ['isthmus.signal']
      await environ['wsgi.input'].readAsync()
      startResponse('200 OK', [])
      yield 'a'
    }
    await run(app, {}, host)
    expect(signal?.aborted).toBe(false)
    host.leave()
    expect(signal?.reason).toBeInstanceOf(ClientDisconnectedError)
  })
})

describe('iterableToEvents: other scopes', () => {
  it('[3c.6] completes lifespan at once, and rejects a WebSocket', async () => {
    const log = recordingLog()
    await (await startLifespan(iterableToEvents(hello), { mode: 'on', log })).shutdown()
    expect(log.lines).toEqual([])

    const { method: _method, ...parts } = httpScope()
    const scope: WebSocketScope = { ...parts, type: 'websocket', scheme: 'ws', subprotocols: [] }
    const host = new Host()
    await host.run(iterableToEvents(hello), scope)
    expect(host.sent).toEqual([{ type: 'websocket.close' }])
  })
})
