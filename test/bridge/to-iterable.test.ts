import { afterEach, describe, expect, it, vi } from 'vitest'
import { scopeToEnviron } from '../../src/bridge/scope-to-environ.ts'
import { events, styleOf } from '../../src/bridge/style.ts'
import { iterableToEvents } from '../../src/bridge/iterable/iterable-to-events.ts'
import { toEvents } from '../../src/bridge/to-events.ts'
import { toIterable } from '../../src/bridge/to-iterable.ts'
import { AsyncInput } from '../../src/bridge/iterable/async-input.ts'
import {
  AppError,
  BodyTooLargeError,
  ClientDisconnectedError,
  IllegalEventError,
} from '../../src/errors.ts'
import { failureOf, Host, httpScope, turn } from './host.ts'
import type { AsyncBody, IterableApp, SyncApp } from '../../src/contract/environ.ts'
import type {
  EventApp,
  HeaderPairs,
  HttpScope,
  ReceiveEvent,
  SendEvent,
} from '../../src/contract/events.ts'

const START: SendEvent = { type: 'http.response.start', status: 200 }

function part(body: string, moreBody: boolean): SendEvent {
  return { type: 'http.response.body', body, moreBody }
}

const hello: EventApp = async (_scope, _receive, send) => {
  const headers: HeaderPairs = [['Content-Type', 'text/plain']]
  await send({ type: 'http.response.start', status: 200, headers })
  await send(part('Hello, ', true))
  await send(part('world', false))
}

const echo: EventApp = async (_scope, receive, send) => {
  await send(START)
  for await (const event of receive) {
    if (event.type !== 'http.request') return
    const { body, moreBody } = event
    await send({ type: 'http.response.body', body, moreBody })
    if (!moreBody) return
  }
}

/** The arguments of startResponse, and the body to pull. */
interface Called {
  heads: Array<[string, HeaderPairs]>
  chunks: AsyncIterator<unknown>
  host: Host
}

function call(app: EventApp, parts: Partial<HttpScope> = {}, host = new Host()): Called {
  const scope = httpScope({ ...parts, 'isthmus.exchange': host.connection })
  const environ = scopeToEnviron(scope, new AsyncInput(host.receive))
  const heads: Called['heads'] = []
  const body = toIterable(events(app))(environ, (status, headers) => {
    heads.push([status, headers as HeaderPairs])
    return () => undefined
  })
  return { heads, host, chunks: (body as AsyncBody)[Symbol.asyncIterator]() }
}

async function pulled(chunks: AsyncIterator<unknown>): Promise<string[]> {
  const all: string[] = []
  for (let step = await chunks.next(); !step.done; step = await chunks.next()) {
    all.push(Buffer.from(step.value as string).toString())
  }
  return all
}

afterEach(() => {
  vi.useRealTimers()
})

describe('toIterable: the response', () => {
  it('returns an iterable app as it is, and brands its own bridges', () => {
    const app: IterableApp = async function* (_environ, _startResponse) {}
    expect(toIterable(app)).toBe(app)
    expect(styleOf(toIterable(hello)).style).toBe('iterable')
  })

  it('[3c.16] yields each body event as one chunk', async () => {
    const { heads, chunks } = call(hello)
    expect(await pulled(chunks)).toEqual(['Hello, ', 'world'])
    expect(heads).toEqual([['200 OK', [['content-type', 'text/plain']]]])
  })

  it('[3c.16] yields an event stream event by event, while the app goes on', async () => {
    const journal: string[] = []
    const { heads, chunks } = call(async (_scope, _receive, send) => {
      const headers: HeaderPairs = [['content-type', 'text/event-stream']]
      await send({ type: 'http.response.start', status: 200, headers })
      for (const data of ['1', '2']) {
        await send(part(`data: ${data}\n\n`, true))
        journal.push(`sent ${data}`)
      }
      await send(part('', false))
    })
    expect((await chunks.next()).value).toBe('data: 1\n\n')
    expect(heads.length).toBe(1)
    await turn()
    expect(journal).toEqual([])
    expect((await chunks.next()).value).toBe('data: 2\n\n')
    expect(journal).toEqual(['sent 1'])
    expect((await chunks.next()).done).toBe(true)
    expect(journal).toEqual(['sent 1', 'sent 2'])
  })

  it('leaves the framing of the response to the host', async () => {
    const chunked = call(hello)
    await pulled(chunked.chunks)
    expect(chunked.heads[0]?.[1]).toEqual([['content-type', 'text/plain']])
    const whole = call(async (_scope, _receive, send) => {
      const headers: HeaderPairs = [
        ['connection', 'close'],
        ['trailer', 'x-sum'],
        ['x', '1'],
      ]
      await send({ type: 'http.response.start', status: 404, headers })
      await send(part('none', false))
    })
    expect(await pulled(whole.chunks)).toEqual(['none'])
    const headers = [
      ['x', '1'],
      ['content-length', '4'],
    ]
    expect(whole.heads).toEqual([['404 Not Found', headers]])
  })

  it('[3c.13] gives the same events after two bridges', async () => {
    for (const method of ['GET', 'HEAD']) {
      const hosts = [new Host('a', 'b'), new Host('a', 'b')] as const
      await hosts[0].run(iterableToEvents(toIterable(echo)), httpScope({ method }))
      await hosts[1].run(echo, httpScope({ method }))
      const bodies = hosts.map((host) =>
        host.sent.map((event) => ('body' in event ? String(event.body) : event.type)).join(' '),
      )
      expect(bodies[0]?.trim()).toBe(method === 'HEAD' ? 'http.response.start' : bodies[1])
    }
  })

  it('makes an async-iterable app from a sync one', async () => {
    const legacy: SyncApp = (environ, startResponse) => {
      startResponse('201 Created', [])
      return [environ.PATH_INFO]
    }
    const host = new Host()
    const environ = scopeToEnviron(httpScope({ path: '/x' }), new AsyncInput(host.receive))
    const seen: string[] = []
    const body = toIterable(legacy)(environ, (status) => {
      seen.push(status)
      return () => undefined
    })
    expect(await pulled((body as AsyncBody)[Symbol.asyncIterator]())).toEqual(['/x'])
    expect(seen).toEqual(['201 Created'])
  })
})

describe('toIterable: the request', () => {
  it('[3c.19] passes on the bytes that have come, with moreBody until the end', async () => {
    const received: ReceiveEvent[] = []
    const { chunks } = call(
      async (_scope, receive, send) => {
        let event = await receive()
        for (; event.moreBody; event = await receive()) received.push(event)
        received.push(event)
        await send(START)
        await send(part('', false))
      },
      {},
      new Host('ab', 'c'),
    )
    await pulled(chunks)
    expect(
      received.map(({ body, moreBody }) => [Buffer.from(body ?? '').toString(), moreBody]),
    ).toEqual([
      ['ab', true],
      ['c', true],
      ['', false],
    ])
  })

  it('[3c.19] passes on at most 64 KiB at once', async () => {
    const sizes: number[] = []
    const app: EventApp = async (_scope, receive, send) => {
      for await (const event of receive) {
        sizes.push(event.body?.length ?? -1)
        if (!event.moreBody) break
      }
      await send(START)
      await send(part('', false))
    }
    await pulled(call(app, {}, new Host('x'.repeat(150_000))).chunks)
    expect(sizes).toEqual([65_536, 65_536, 18_928, 0])
  })

  it('[3c.15] sends while a receive() is pending', async () => {
    const { chunks } = call(async (_scope, receive, send) => {
      await receive()
      const pending = receive()
      await send(START)
      await send(part('a', false))
      await pending
    })
    expect(await pulled(chunks)).toEqual(['a'])
  })

  it('[3b.20] returns the same promise while one is pending', async () => {
    const same: boolean[] = []
    const { chunks } = call(async (_scope, receive, send) => {
      same.push(receive() === receive())
      await receive()
      same.push(receive() === receive())
      await send(START)
      await send(part('a', false))
    })
    await pulled(chunks)
    expect(same).toEqual([true, true])
  })

  it('[3b.17] delivers the disconnect if the body was cut', async () => {
    const seen: string[] = []
    const app: EventApp = async (_scope, receive, send) => {
      for (let count = 0; count < 3; count += 1) seen.push((await receive()).type)
      await send(START)
      await send(part('', false))
    }
    await pulled(call(app, {}, new Host('ab', null)).chunks)
    expect(seen).toEqual(['http.request', 'http.disconnect', 'http.disconnect'])
  })

  it('rejects receive() with the error of the read, also without await', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): number => unhandled.push(error)
    process.on('unhandledRejection', note)
    const host = new Host()
    const fault = new BodyTooLargeError(1)
    Object.assign(host, { receive: () => Promise.reject(fault) })
    let caught: unknown
    const { chunks } = call(
      async (_scope, receive, send) => {
        void receive()
        await turn()
        caught = await failureOf(receive())
        await send(START)
        await send(part('a', false))
      },
      {},
      host,
    )
    expect(await pulled(chunks)).toEqual(['a'])
    await turn()
    process.off('unhandledRejection', note)
    expect(caught).toBe(fault)
    expect(unhandled).toEqual([])
  })

  it('[3c.21] offers no extension, and refuses the use of one', async () => {
    const failures: unknown[] = []
    const { chunks } = call(
      async (scope, _receive, send) => {
        expect((scope as HttpScope).extensions).toEqual({})
        failures.push(await failureOf(send({ type: 'http.response.early_hint', links: ['<a>'] })))
        await send(START)
        failures.push(await failureOf(send({ type: 'http.response.pathsend', path: '/a' })))
        await send(part('', false))
      },
      { extensions: { 'http.response.pathsend': {} } },
    )
    await pulled(chunks)
    expect(failures).toEqual([
      new IllegalEventError('http.response.early_hint is not offered in scope.extensions here'),
      new IllegalEventError('http.response.pathsend is not offered in scope.extensions here'),
    ])
  })
})

describe('toIterable: the end of the app', () => {
  const broken = new Error('broken')

  it('fails with the error of the app, before its head and after it', async () => {
    const before = call(() => Promise.reject(broken))
    expect(await failureOf(before.chunks.next())).toBe(broken)
    expect(before.heads).toEqual([])

    const behind = call(async (_scope, _receive, send) => {
      await send(START)
      await send(part('a', true))
      throw broken
    })
    expect((await behind.chunks.next()).value).toBe('a')
    expect(await failureOf(behind.chunks.next())).toBe(broken)
  })

  it('fails when the app ends without a whole response', async () => {
    const fault = new AppError('the event app ended before its response was complete')
    const apps: EventApp[] = [
      async () => undefined,
      (_scope, _receive, send) => send(START),
      async (_scope, _receive, send) => {
        await send(START)
        await send(part('a', true))
      },
    ]
    for (const app of apps) expect(await failureOf(pulled(call(app).chunks))).toEqual(fault)
  })

  it('[3c.18] ends at once after a whole response, and lets the app go on', async () => {
    const journal: string[] = []
    let goOn: () => void = () => undefined
    const { chunks } = call(async (_scope, receive, send) => {
      await send(START)
      await send(part('a', false))
      await new Promise<void>((resolve) => (goOn = resolve))
      journal.push((await receive()).type)
    })
    expect(await pulled(chunks)).toEqual(['a'])
    goOn()
    await turn()
    expect(journal).toEqual(['http.disconnect'])
  })

  it('[3b.29] logs an error of the app after a whole response', async () => {
    const { chunks, host } = call(async (_scope, _receive, send) => {
      await send(START)
      await send(part('a', false))
      throw broken
    })
    expect(await pulled(chunks)).toEqual(['a'])
    await turn()
    expect(host.log.lines).toEqual(['error: the event app failed after its response'])
    expect(host.log.fields).toEqual([{ err: broken }])
  })

  it('[3c.17] delivers a disconnect and rejects sends if the body is closed early', async () => {
    const journal: unknown[] = []
    const { chunks, host } = call(async (_scope, receive, send) => {
      await send(START)
      journal.push(await failureOf(send(part('a', true))))
      journal.push((await receive()).type, (await receive()).type)
      journal.push(await failureOf(send(part('b', true))))
    })
    await chunks.next()
    await chunks.return?.()
    expect(journal).toEqual([
      new ClientDisconnectedError(),
      'http.disconnect',
      'http.disconnect',
      new ClientDisconnectedError(),
    ])
    expect(host.log.lines).toEqual([])
  })

  it('[3c.17] rejects the pending sends of an app if its consumer closes early', async () => {
    const journal: unknown[] = []
    const { chunks } = call(async (_scope, _receive, send) => {
      await send(START)
      const sends = [send(part('a', true)), send(part('b', true)), send(part('c', false))]
      journal.push(...(await Promise.all(sends.map(failureOf))))
    })
    await chunks.next()
    await chunks.return?.()
    expect(journal).toEqual([
      new ClientDisconnectedError(),
      new ClientDisconnectedError(),
      new ClientDisconnectedError(),
    ])
  })

  it('[3c.17] waits three seconds for an app that does not stop', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { chunks } = call(async (_scope, _receive, send) => {
      await send(START)
      await failureOf(send(part('a', true)))
      await new Promise(() => undefined)
    })
    await chunks.next()
    let returned = false
    const returning = chunks.return?.().then(() => {
      returned = true
    })
    await vi.advanceTimersByTimeAsync(2_999)
    expect(returned).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await returning
    expect(returned).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('[3c.17] logs an error of the app after the close, except for the disconnect', async () => {
    const { chunks, host } = call(async (_scope, _receive, send) => {
      await send(START)
      await failureOf(send(part('a', true)))
      throw broken
    })
    await chunks.next()
    await chunks.return?.()
    expect(host.log.lines).toEqual(['error: the event app failed after its response'])
  })

  it('never starts an app whose body is never pulled', async () => {
    let calls = 0
    const { chunks } = call(async () => {
      calls += 1
    })
    await chunks.return?.()
    expect(calls).toBe(0)
  })

  it('[3b.26] ends a streaming app at the end of a response to HEAD', async () => {
    let sends = 0
    const { chunks } = call(
      async (_scope, _receive, send) => {
        await send(START)
        for (;;) {
          await send(part('x', true))
          sends += 1
        }
      },
      { method: 'HEAD' },
    )
    expect(await pulled(chunks)).toEqual([])
    await turn()
    expect(sends).toBe(1)
  })
})

describe('bridging back', () => {
  it('[3c.4] returns the app inside the bridge', () => {
    const iterableApp: IterableApp = async function* (_environ, _startResponse) {}
    expect(toEvents(toIterable(hello))).toBe(hello)
    expect(toIterable(toEvents(iterableApp))).toBe(iterableApp)
  })
})
