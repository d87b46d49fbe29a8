import { describe, expect, it } from 'vitest'
import { websocket } from '../../src/async/websocket-app.ts'
import { events, iterable, styleOf, sync } from '../../src/bridge/style.ts'
import { UnsupportedScopeError } from '../../src/errors.ts'
import { lint } from '../../src/lint/lint.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { AsyncBody, Chunk, IterableApp } from '../../src/contract/environ.ts'
import type { App } from '../../src/bridge/style.ts'

const PLAIN: [string, string] = ['content-type', 'text/plain']

const syncApp = sync(function* (environ, startResponse) {
  startResponse('200 OK', [PLAIN])
  yield `${environ.REQUEST_METHOD} `
  yield Buffer.from(environ['wsgi.input'].read()).toString()
})
const arrayApp = sync((_environ, startResponse) => {
  startResponse('200 OK', [PLAIN])
  return ['one ', 'two']
})
const iterableApp = iterable(async function* (environ, startResponse) {
  const body = await environ['wsgi.input'].readAsync()
  startResponse('200 OK', [PLAIN])
  yield `${environ.REQUEST_METHOD} `
  yield Buffer.from(body).toString()
})
const eventApp = events(async (scope, receive, send) => {
  if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
  const { body } = await receive()
  await send({ type: 'http.response.start', status: 200, headers: [PLAIN] })
  await send({ type: 'http.response.body', body: `${scope.method} `, moreBody: true })
  await send({ type: 'http.response.body', ...(body && { body }) })
})

/** The response of `app`, or the message of the error that escaped it. */
async function outcome(app: App): Promise<unknown> {
  await using client = await testClient(app, { identity: false })
  return await client.post('/a', { body: 'hello' }).then(
    ({ status, headers, body }) => ({ status, headers: headers.list, body }),
    (error: Error) => error.message,
  )
}

/** An iterable app whose body is `body`. */
function yielding(body: () => AsyncBody | Iterable<Chunk>): IterableApp {
  return iterable((_environ, startResponse) => {
    startResponse('200 OK', [PLAIN])
    return Promise.resolve(body() as AsyncBody)
  })
}

describe('lint', () => {
  it('keeps the style of the app', () => {
    const styles = [syncApp, iterableApp, eventApp].map((app) => styleOf(lint(app)).style)
    expect(styles).toEqual(['sync', 'iterable', 'events'])
  })

  it('refuses a value that is no app', () => {
    expect(() => lint((() => undefined) as unknown as App)).toThrow('the style of this function')
  })

  it('[3a.66] changes no byte of an answer, in all three styles', async () => {
    const file = sync((environ, startResponse) => {
      startResponse('200 OK', [PLAIN])
      let left = Buffer.from('from a file')
      const read = (size: number): Uint8Array => {
        const part = left.subarray(0, size)
        left = left.subarray(size)
        return part
      }
      return environ['wsgi.file_wrapper']?.({ read }) ?? []
    })
    const array = yielding(() => ['one ', 'two'])
    for (const app of [syncApp, arrayApp, iterableApp, eventApp, file, array]) {
      expect(await outcome(lint(app))).toEqual(await outcome(app))
    }
  })

  it('holds for a WebSocket app', async () => {
    const echo = websocket(async (socket) => {
      for await (const message of socket) await socket.send(message)
    })
    await using client = await testClient(lint(echo))
    await using session = await client.websocket('/')
    await session.send('a')
    expect(await session.receive()).toBe('a')
  })

  it('holds for the bridges and for mount: they keep the contract of events', async () => {
    await using client = await testClient({ '/sync': lint(syncApp), '/events': lint(eventApp) })
    expect((await client.post('/sync', { body: 'a' })).text()).toBe('POST a')
    expect((await client.post('/events', { body: 'a' })).text()).toBe('POST a')
  })

  it('makes the breach of an event app fail the test', async () => {
    const app = events(async (scope, receive, send) => {
      await eventApp(scope, receive, send)
      await send({ type: 'http.response.body' }).catch(() => undefined)
    })
    expect(await outcome(lint(app))).toContain('app broke the legality of events')
  })

  it('makes the breach of a lifespan fail the test', async () => {
    const app = events(async (scope, receive, send) => {
      if (scope.type === 'http') return eventApp(scope, receive, send)
    })
    await expect(testClient(lint(app))).rejects.toThrow(
      'an app without lifespan throws UnsupportedScopeError',
    )
  })

  it('makes the breach of a sync app fail the test', async () => {
    const app = sync(() => ['no head'])
    expect(await outcome(lint(app))).toMatch(/^app broke PEP 3333/)
  })
})

describe('lint for iterable apps', () => {
  it('[3a.5] names an illegal chunk', async () => {
    const app = yielding(async function* () {
      yield 42 as unknown as string
    })
    expect(await outcome(lint(app))).toMatch(/^app broke PEP 3333 .*the app yielded a number/)
  })

  it('[3a.5] names an illegal chunk in an array', async () => {
    expect(await outcome(lint(yielding(() => ['a', null as unknown as string])))).toMatch(
      /^app broke PEP 3333 .*an array with null/,
    )
  })

  it('[3a.4] names a result that is no body', async () => {
    expect(await outcome(lint(yielding(() => 'text')))).toMatch(
      /^app broke PEP 3333 .*return \[text\]/,
    )
  })

  it('[3a.41] requires a head before the first chunk', async () => {
    const app = iterable(async function* () {
      yield 'no head'
    })
    expect(await outcome(lint(app))).toMatch(/^app broke PEP 3333 .*startResponse/)
  })

  it('[3a.45] counts bytes', async () => {
    const app = iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [['content-length', '9']])
      yield 'short'
    })
    expect(await outcome(lint(app))).toMatch(/^app broke PEP 3333/)
  })

  it('[3a.28] does not let an app close its input', async () => {
    const app = iterable(async function* (environ, startResponse) {
      startResponse('200 OK', [PLAIN])
      ;(environ['wsgi.input'] as unknown as { close(): void }).close()
      yield 'closed'
    })
    expect(await outcome(lint(app))).toMatch(/it closed wsgi.input/)
  })

  it('[3a.22] checks the sizes of reads', async () => {
    const app = iterable(async function* (environ, startResponse) {
      startResponse('200 OK', [PLAIN])
      yield await environ['wsgi.input'].readAsync(1.5)
    })
    expect(await outcome(lint(app))).toContain('it called wsgi.input readAsync(1.5)')
  })

  it('[3a.65] passes reads of the input by size, by available bytes, and by line', async () => {
    const app = iterable(async function* (environ, startResponse) {
      startResponse('200 OK', [PLAIN])
      const input = environ['wsgi.input']
      yield await input.readAsync(1)
      yield await input.read1Async(1)
      for await (const line of input) yield line
    })
    expect(await outcome(lint(app))).toMatchObject({ body: new TextEncoder().encode('hello') })
  })

  it('[3a.64] lets the server stop early: the finally of the app runs', async () => {
    let closed = false
    const app = iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [PLAIN])
      try {
        for (;;) yield 'tick'
      } finally {
        closed = true
      }
    })
    await using client = await testClient(lint(app))
    await using response = await client.stream('GET', '/', { highWaterMark: 0 })
    for await (const chunk of response) {
      expect(chunk).toHaveLength(4)
      break
    }
    await response.finished()
    expect(closed).toBe(true)
  })
})
