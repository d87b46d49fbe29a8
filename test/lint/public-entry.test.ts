// lint() as a server of another make calls it: with any arguments, and with any order of iterating and closing.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import { events, iterable, styleOf, sync } from '../../src/bridge/style.ts'
import { UnsupportedScopeError } from '../../src/errors.ts'
import { lint } from '../../src/lint/lint.ts'
import { wrapFile } from '../../src/sync/file-wrapper.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { httpScope } from './events/stage.ts'
import type { AsyncBody, Chunk, Environ, SyncApp } from '../../src/contract/environ.ts'

type Call = (...args: unknown[]) => unknown

const PLAIN: [string, string][] = [['content-type', 'text/plain']]
const startResponse = () => () => undefined

const syncApp = sync(function* (_environ, startResponse) {
  startResponse('200 OK', PLAIN)
  yield 'a'
  yield 'b'
})
const iterableApp = iterable(async function* (_environ, startResponse) {
  startResponse('200 OK', PLAIN)
  yield 'a'
  yield 'b'
})
const eventApp = events(async (scope, _receive, send) => {
  if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body' })
})

/** An app whose body is `body`. */
const answering = (body: () => unknown): SyncApp =>
  sync((_environ, startResponse) => {
    startResponse('200 OK', PLAIN)
    return body() as Chunk[]
  })
const NOTHING = new Uint8Array(0)
const asyncEnviron = (changes: Record<PropertyKey, unknown> = {}): Environ =>
  makeEnviron({
    'wsgi.input': {
      read: () => NOTHING,
      readline: () => NOTHING,
      readlines: () => [],
      [Symbol.iterator]: () => [].values(),
      readAsync: () => Promise.resolve(NOTHING),
      read1Async: () => Promise.resolve(NOTHING),
      [Symbol.asyncIterator]: async function* () {},
      ...changes,
    } as never,
  })
const neverReceive = (): Promise<never> => new Promise(() => undefined)
const send = (): Promise<void> => Promise.resolve()

describe('a server that calls lint(app) with a wrong number of arguments', () => {
  it.each([1, 3, 4])('[3a.1] breaks the contract of a sync app with %d', (count) => {
    const args = [makeEnviron(), startResponse, 1, 2].slice(0, count)
    expect(() => (lint(syncApp) as Call)(...args)).toThrow(
      `server broke PEP 3333 (The Application/Framework Side): the app was called with ${count} `,
    )
  })

  it.each([1, 3, 4])('[3a.1] breaks the contract of an iterable app with %d', async (count) => {
    const args = [asyncEnviron(), startResponse, 1, 2].slice(0, count)
    await expect((lint(iterableApp) as Call)(...args)).rejects.toThrow(
      `server broke PEP 3333 (The Application/Framework Side): the app was called with ${count} `,
    )
  })

  it.each([1, 2, 4])('breaks the contract of an event app with %d', async (count) => {
    const args = [httpScope(), neverReceive, send, 1].slice(0, count)
    await expect((lint(eventApp) as Call)(...args)).rejects.toThrow(
      `server broke the call: the app was called with ${count} arguments`,
    )
  })

  it('breaks the contract with an argument that is no function', async () => {
    const wrong = 'the second argument of the app is a string'
    expect(() => (lint(syncApp) as Call)(makeEnviron(), 'x')).toThrow(wrong)
    await expect((lint(iterableApp) as Call)(asyncEnviron(), 'x')).rejects.toThrow(wrong)
    await expect((lint(eventApp) as Call)(httpScope(), neverReceive, 'x')).rejects.toThrow(
      'receive is a function and send is "x"; pass two functions',
    )
  })

  it('keeps the number of parameters, by which the style of an app is known', () => {
    expect([syncApp, iterableApp, eventApp].map((app) => lint(app).length)).toEqual([2, 2, 3])
    expect(styleOf(lint(lint(iterableApp))).style).toBe('iterable')
  })
})

describe('an app that passes too many arguments', () => {
  const calling = (call: (environ: Environ, write: Call) => unknown): SyncApp =>
    sync((environ, startResponse) => {
      call(environ, startResponse('200 OK', PLAIN) as Call)
      return []
    })
  const verdict = (app: SyncApp): Call => lint(app)(makeEnviron(), startResponse) as never

  it.each(['write', 'writelines', 'flush'])('[3a.30] breaks the contract of %s()', (method) => {
    const app = calling((environ) =>
      (environ['wsgi.errors'] as unknown as Record<string, Call>)[method]?.(['a'], 'b', 'c'),
    )
    expect(() => verdict(app)).toThrow(`it called wsgi.errors ${method}(`)
  })

  it('[3a.30] breaks the contract of writelines() with a value that has no lines', () => {
    const app = calling((environ) => environ['wsgi.errors'].writelines(5 as never))
    expect(() => verdict(app)).toThrow('it called wsgi.errors writelines(5); pass a list of texts')
  })

  it('[3a.31] breaks the contract of write()', () => {
    for (const args of [[], ['a', 'b']]) {
      expect(() => verdict(calling((_environ, write) => write(...args)))).toThrow(
        `app broke PEP 3333 (The write() Callable): write() was called with ${args.length} arguments`,
      )
    }
  })

  it('[3a.65] breaks the contract of readAsync() and read1Async()', async () => {
    for (const [method, args] of [
      ['readAsync', [1, 2]],
      ['readAsync', [null]],
      ['read1Async', []],
      ['read1Async', [1, 2]],
    ] as const) {
      const app = iterable(async function* (environ) {
        yield (await (environ['wsgi.input'] as unknown as Record<string, Call>)[method]?.(
          ...args,
        )) as Chunk
      })
      const body = (await lint(app)(asyncEnviron() as never, startResponse)) as AsyncBody
      await expect(body[Symbol.asyncIterator]().next()).rejects.toThrow(
        `it called wsgi.input ${method}(`,
      )
    }
  })

  it('breaks the contract of receive() and send()', async () => {
    const receiving = events(async (_scope, receive) => void (await (receive as Call)(1)))
    const sending = events(
      async (_scope, _receive, send) =>
        void (await (send as Call)({ type: 'http.response.start', status: 200 }, 1)),
    )
    await expect(lint(receiving)(httpScope(), neverReceive as never, send)).rejects.toThrow(
      'app broke the call: receive() was called with 1 arguments; call it without arguments',
    )
    await expect(lint(sending)(httpScope(), neverReceive as never, send)).rejects.toThrow(
      'app broke the call: send() was called with 2 arguments; pass one event',
    )
  })
})

describe('a server under lint(app)', () => {
  it('[3a.51] closes each body of a sync app', () => {
    const bodies: Array<() => unknown> = [
      () => new Set(['a']),
      () => Object.assign(['a'], { close: () => undefined }),
      () => wrapFile({ read: () => new Uint8Array(0) }),
    ]
    for (const body of bodies) {
      const app = lint(answering(body))
      const returned = app(makeEnviron(), startResponse)
      expect(() => app.assertClosed()).toThrow('1 bodies were not closed; close each in any case')
      returned.close?.()
      expect(() => app.assertClosed()).not.toThrow()
    }
  })

  it('[3a.51] closes each body of an iterable app', async () => {
    const apps = [
      iterableApp,
      iterable(answering(() => new Set(['a'])) as never),
      iterable(answering(() => wrapFile({ read: () => new Uint8Array(0) })) as never),
    ]
    for (const style of apps) {
      const app = lint(style)
      const returned = await app(asyncEnviron() as never, startResponse)
      expect(() => app.assertClosed()).toThrow('1 bodies were not closed; close each in any case')
      await returned.close?.()
      expect(() => app.assertClosed()).not.toThrow()
    }
  })

  it('[3a.51] owes nothing to an event app, nor to an array without close()', () => {
    const array = lint(answering(() => ['a']))
    array(makeEnviron(), startResponse)
    expect(() => array.assertClosed()).not.toThrow()
    expect(() => lint(eventApp).assertClosed()).not.toThrow()
  })

  it('[3a.51] has closed all bodies when the test client is done', async () => {
    const app = lint(syncApp)
    await using client = await testClient(app)
    expect((await client.get('/')).text()).toBe('ab')
    await using response = await client.stream('GET', '/', { highWaterMark: 0 })
    await response.read()
    response.cancel()
    await response.finished()
    expect(() => app.assertClosed()).not.toThrow()
  })

  it('[3a.51] is warned of, if it forgets a body without closing it', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    try {
      const app = lint(syncApp)
      for (let at = 0; at < 20; at += 1) app(makeEnviron(), startResponse)
      for (let turn = 0; turn < 200 && warn.mock.calls.length === 0; turn += 1) {
        collect()
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(warn.mock.calls[0]).toEqual([
        'server broke PEP 3333 (Specification Details): it dropped a body without closing it; close each in any case',
        { type: 'LintWarning', code: 'ISTHMUS_LINT' },
      ])
    } finally {
      warn.mockRestore()
    }
  })

  it('[3a.51] asks a body for nothing after it closed it', async () => {
    const body = lint(syncApp)(makeEnviron(), startResponse)
    const iterator = body[Symbol.iterator]()
    iterator.next()
    iterator.return?.()
    body.close?.()
    expect(() => iterator.next()).toThrow('it asked a closed body for a chunk')
    expect(() => body[Symbol.iterator]()).toThrow('it iterated a closed body')
    expect(() => body.close?.()).toThrow('it closed a body twice')
  })

  it('begins the iteration before it asks for a chunk', async () => {
    const fault = 'it asked for a chunk before it iterated the body; call [Symbol.'
    const body = lint(syncApp)(makeEnviron(), startResponse) as unknown as Iterator<string>
    expect(() => body.next()).toThrow(fault)
    const awaited = await lint(iterableApp)(asyncEnviron() as never, startResponse)
    await expect((awaited as unknown as AsyncIterator<string>).next()).rejects.toThrow(fault)
  })

  it('[3a.22] [3a.65] gives bytes for each awaited read, and not too many', async () => {
    const reads: Array<[string, unknown[], unknown, string]> = [
      ['readAsync', [2], Buffer.from('abc'), 'gave 3 bytes'],
      ['readAsync', [], 'abc', 'gave a string'],
      ['read1Async', [2], Buffer.from('abc'), 'gave 3 bytes'],
      ['read1Async', [2], null, 'gave null'],
    ]
    for (const [method, args, given, fault] of reads) {
      const app = iterable(async function* (environ) {
        const input = environ['wsgi.input'] as unknown as Record<string, Call>
        yield (await input[method]?.(...args)) as Chunk
      })
      const environ = asyncEnviron({ [method]: () => Promise.resolve(given) })
      const body = (await lint(app)(environ as never, startResponse)) as AsyncBody
      await expect(body[Symbol.asyncIterator]().next()).rejects.toThrow(
        `server broke PEP 3333 (Input and Error Streams): ${method} of wsgi.input ${fault}`,
      )
    }
  })

  it('gives an iterable app an input that can be awaited', async () => {
    for (const method of ['readAsync', 'read1Async', Symbol.asyncIterator]) {
      const environ = asyncEnviron({ [method]: undefined })
      await expect(lint(iterableApp)(environ as never, startResponse)).rejects.toThrow(
        `server broke PEP 3333 (environ Variables): wsgi.input has no ${String(method)}()`,
      )
    }
  })
})

describe('a body of an app under lint(app)', () => {
  const iterated = (body: unknown): Call => {
    const returned = lint(answering(() => body))(makeEnviron(), startResponse)
    return () => returned[Symbol.iterator]().next()
  }

  it('[3a.4] has an iterator that is one', () => {
    expect(iterated({ [Symbol.iterator]: () => undefined })).toThrow(
      'app broke PEP 3333 (Buffering and Streaming): the iterator of the body is undefined; it has a method next()',
    )
    expect(iterated({ [Symbol.iterator]: () => ({ next: () => 'a' }) })).toThrow(
      'app broke PEP 3333 (Buffering and Streaming): next() of the body gave a string; it gives { done, value }',
    )
  })

  it('[3a.4] has an async iterator that is one', async () => {
    for (const [body, fault] of [
      [{ [Symbol.asyncIterator]: () => undefined }, 'the iterator of the body is undefined'],
      [{ [Symbol.asyncIterator]: () => ({ next: () => 'a' }) }, 'next() of the body gave a string'],
    ] as const) {
      const app = iterable(answering(() => body) as never)
      const returned = (await lint(app)(asyncEnviron() as never, startResponse)) as AsyncBody
      const first = async (): Promise<unknown> => returned[Symbol.asyncIterator]().next()
      await expect(first()).rejects.toThrow(
        `app broke PEP 3333 (Buffering and Streaming): ${fault}`,
      )
    }
  })

  it('[3a.51] has a close() that is a function, or none', async () => {
    const fault = 'close of the body is a number; it is a function, or left out'
    const body = Object.assign(new Set(['a']), { close: 5 })
    expect(() => iterated(body)).toThrow(fault)
    const app = iterable(
      answering(() => ({ [Symbol.asyncIterator]: async function* () {}, close: 5 })) as never,
    )
    await expect(lint(app)(asyncEnviron() as never, startResponse)).rejects.toThrow(fault)
  })
})
