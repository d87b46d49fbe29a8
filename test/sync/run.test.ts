// One request through a sync app, pulled by a host.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError, ContentLengthMismatchError } from '../../src/errors.ts'
import { wrapFile } from '../../src/sync/file-wrapper.ts'
import { SyncRun } from '../../src/sync/run.ts'
import { makeEnviron } from './make-environ.ts'
import type { Environ, StartResponse, SyncApp } from '../../src/contract/environ.ts'
import type { ResponseOptions } from '../../src/sync/start-response.ts'

const SEED = 20_260_104

const hello: SyncApp = function* (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield `Hello, ${environ.PATH_INFO}\n`
}
const ok = (startResponse: StartResponse, ...headers: [string, string][]): void => {
  startResponse('200 OK', headers)
}

interface Host {
  run: SyncRun
  warnings: { message: string; cause: unknown }[]
}

function host(
  app: SyncApp,
  environ: Partial<Environ> = {},
  options = {} as Partial<ResponseOptions>,
): Host {
  const warnings: Host['warnings'] = []
  const warn = (message: string, cause: unknown): void => void warnings.push({ message, cause })
  return { run: new SyncRun(app, makeEnviron(environ), { warn, ...options }), warnings }
}

// Pulls to the end like a host, and returns the texts of the chunks.
function pullAll(run: SyncRun): string[] {
  const texts: string[] = []
  for (let chunk = run.pull(); chunk !== null; chunk = run.pull()) {
    texts.push(Buffer.from(chunk as string).toString())
  }
  return texts
}

const bodyOf = (app: SyncApp, environ?: Partial<Environ>): string => {
  const { run } = host(app, environ)
  const body = pullAll(run).join('')
  run.close()
  return body
}

const wrong = (body: unknown): SyncApp =>
  ((_environ: Environ, startResponse: StartResponse) => {
    ok(startResponse)
    return body
  }) as unknown as SyncApp

describe('calling the app', () => {
  it('[3a.1] passes two positional arguments, no `this`, and waits for the first pull', () => {
    const calls: unknown[][] = []
    const app = function (this: unknown, ...args: unknown[]): string[] {
      calls.push([this, ...args])
      ok(args[1] as StartResponse)
      return []
    }
    const environ = makeEnviron()
    const run = new SyncRun(app, environ, { warn: () => {} })
    expect(calls).toEqual([])
    run.pull()
    expect(calls).toEqual([[undefined, environ, expect.any(Function)]])
  })

  it('happens once, by start() or by pull()', () => {
    let calls = 0
    const { run } = host((_environ, startResponse) => {
      calls += 1
      ok(startResponse)
      return ['x']
    })
    run.start()
    run.start()
    expect(run.body).toEqual(['x'])
    pullAll(run)
    expect(calls).toBe(1)
  })

  it('[3a.3] accepts generators, arrays and any iterable object', () => {
    const app = (body: Iterable<string> & object): SyncApp => {
      return (_environ, startResponse) => {
        ok(startResponse)
        return body
      }
    }
    expect(bodyOf(hello, { PATH_INFO: '/x' })).toBe('Hello, /x\n')
    expect(bodyOf(app(['a', 'b']))).toBe('ab')
    expect(bodyOf(app(new Set(['a', 'b'])))).toBe('ab')
    expect(bodyOf(app({ [Symbol.iterator]: () => ['a', 'b'].values() }))).toBe('ab')
  })

  it('[3a.4] refuses a bare string and bare bytes by name', () => {
    expect(() => host(wrong('text')).run.pull()).toThrow(
      new AppError(
        'the app returned a string; return [text], or it would be sent character by character',
      ),
    )
    expect(() => host(wrong(Buffer.from('x'))).run.pull()).toThrow(
      new AppError(
        'the app returned a Buffer; return [bytes], or it would be iterated number by number',
      ),
    )
    expect(() => host(wrong(new Uint8Array(1))).run.pull()).toThrow('return [bytes]')
  })

  it('[3a.4] refuses null, undefined and other objects by name', () => {
    const remedy = 'return an iterable of strings or bytes, at least an empty array'
    const data = 'return an iterable of strings or bytes; for data, return [JSON.stringify(data)]'
    expect(() => host(wrong(null)).run.pull()).toThrow(`the app returned null; ${remedy}`)
    expect(() => host(wrong(undefined)).run.pull()).toThrow(`the app returned undefined; ${remedy}`)
    expect(() => host(wrong(5)).run.pull()).toThrow(`the app returned a number; ${data}`)
    expect(() => host(wrong({})).run.pull()).toThrow(`the app returned an Object; ${data}`)
    expect(() => host(wrong(new Response('x'))).run.pull()).toThrow(
      '; an app that returns a Response is a fetch app: use fromFetch(app)',
    )
  })

  it('[3a.4] names the right brand for an app that awaits', () => {
    const remedy = 'an app that awaits is an async-iterable app: mark it as iterable(app)'
    const promised = wrong(Promise.resolve(['x']))
    expect(() => host(promised).run.pull()).toThrow(`the app returned a Promise; ${remedy}`)
    const stream = wrong((async function* () {})())
    expect(() => host(stream).run.pull()).toThrow(remedy)
  })

  it('[3a.4] leaves no unhandled rejection of a refused promise', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listener)
    const rejected = wrong(Promise.reject(new Error('boom')))
    expect(() => host(rejected).run.pull()).toThrow(AppError)
    // Node reports unhandled rejections after the microtasks and before the next immediate.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', listener)
    expect(unhandled).toEqual([])
  })

  it('[3a.40] accepts a call of startResponse during the first next()', () => {
    const { run } = host(hello)
    run.start()
    expect(run.head).toBeUndefined()
    run.pull()
    expect(run.head?.status).toBe(200)
  })
})

describe('pulling', () => {
  it('[3a.44] asks the app for one chunk at a time', () => {
    const log: string[] = []
    const { run } = host(function* (_environ, startResponse) {
      ok(startResponse)
      log.push('a')
      yield 'a'
      log.push('b')
      yield 'b'
    })
    run.pull()
    expect(log).toEqual(['a'])
    run.pull()
    expect(log).toEqual(['a', 'b'])
  })

  it('[3a.6] [3a.39] skips empty chunks; the head may still be replaced meanwhile', () => {
    const { run } = host(function* (_environ, startResponse) {
      ok(startResponse)
      yield ''
      startResponse('500 Oops', [], new Error('boom'))
      yield new Uint8Array(0)
      yield 'sorry'
    })
    expect(run.pull()).toBe('sorry')
    expect(run.head?.status).toBe(500)
  })

  it('[3a.39] ends with null and a committed head', () => {
    const { run } = host(function* (_environ, startResponse) {
      ok(startResponse)
    })
    expect(run.pull()).toBeNull()
    expect([run.ended, run.response.committed]).toEqual([true, true])
    expect(run.pull()).toBeNull()
  })

  it('recognizes the last element of an Array as the last', () => {
    const { run } = host((_environ, startResponse) => {
      ok(startResponse)
      return ['a', 'b']
    })
    expect([run.pull(), run.ended]).toEqual(['a', false])
    expect([run.pull(), run.ended]).toEqual(['b', true])
    expect(run.pull()).toBeNull()
  })

  it('[3a.46] announces the length of an Array body, in bytes', () => {
    const { run } = host((_environ, startResponse) => {
      ok(startResponse)
      return ['é', Buffer.from('ab'), '']
    })
    expect(pullAll(run)).toEqual(['é', 'ab'])
    expect(run.head?.headers).toEqual([['content-length', '4']])
  })

  it('[3a.46] announces Content-Length 0 for an empty Array', () => {
    const { run } = host(wrong([]))
    expect(run.pull()).toBeNull()
    expect(run.head?.headers).toEqual([['content-length', '0']])
  })

  it('[3a.46] announces no length for a generator, or when write() was used', () => {
    const streamed = host(hello).run
    pullAll(streamed)
    expect(streamed.head?.headers).toEqual([['content-type', 'text/plain']])

    const written = host((_environ, startResponse) => {
      startResponse('200 OK', [])('a')
      return ['b']
    }).run
    expect(pullAll(written)).toEqual(['a', 'b'])
    expect(written.head?.headers).toEqual([])
  })

  it('[3a.5] refuses an Array with a wrong element before any byte is sent', () => {
    const { run } = host(wrong(['a', 5]))
    expect(() => run.pull()).toThrow('the app returned an array with a number;')
    expect(run.response.committed).toBe(false)
  })

  it('[3a.41] throws when startResponse was never called', () => {
    expect(() => host(() => ['x']).run.pull()).toThrow('startResponse was not called')
    expect(() => host(() => []).run.pull()).toThrow('startResponse was not called')
    const generator = host(function* () {
      yield 'x'
    })
    expect(() => generator.run.pull()).toThrow('startResponse was not called')
  })

  it('[3a.43] puts written bytes before the bytes that are iterated', () => {
    const { run } = host((_environ, startResponse) => {
      const write = startResponse('200 OK', [])
      write('1')
      write('2')
      return ['3']
    })
    expect(pullAll(run).join('')).toBe('123')
  })

  it('[3a.43] keeps the order when a generator writes on its way to a yield', () => {
    const { run } = host(function* (_environ, startResponse) {
      const write = startResponse('200 OK', [])
      write('1')
      yield '2'
      write('3')
      yield '4'
      write('5')
    })
    expect(pullAll(run)).toEqual(['1', '2', '3', '4', '5'])
    expect(run.ended).toBe(true)
  })

  it('[3a.43] passes written bytes to a host that sends them itself', () => {
    const sent: unknown[] = []
    const { run } = host(
      (_environ, startResponse) => {
        startResponse('200 OK', [])('1')
        return ['2']
      },
      {},
      { onWrite: (chunk) => sent.push(chunk) },
    )
    sent.push(run.pull())
    expect(sent).toEqual(['1', '2'])
  })

  it('[3a.45] stops the app at its Content-Length, and runs its finally', () => {
    const log: string[] = []
    const { run } = host(function* (_environ, startResponse) {
      ok(startResponse, ['content-length', '3'])
      try {
        yield 'ab'
        yield 'cd'
        log.push('asked for too much')
      } finally {
        log.push('finally')
      }
    })
    expect(pullAll(run)).toEqual(['ab', 'c'])
    run.close()
    expect(log).toEqual(['finally'])
  })

  it('[3a.45] lets the app run to its end when the length is right', () => {
    const log: string[] = []
    const { run } = host(function* (_environ, startResponse) {
      ok(startResponse, ['content-length', '2'])
      yield 'ab'
      log.push('after the last byte')
    })
    pullAll(run)
    expect(log).toEqual(['after the last byte'])
  })

  it('[3a.45] throws if the body is shorter, for an Array before any byte is sent', () => {
    const array = host((_environ, startResponse) => {
      ok(startResponse, ['content-length', '3'])
      return ['ab']
    }).run
    expect(() => array.pull()).toThrow(ContentLengthMismatchError)
    expect(array.response.committed).toBe(false)

    const generator = host(function* (_environ, startResponse) {
      ok(startResponse, ['content-length', '3'])
      yield 'ab'
    }).run
    generator.pull()
    expect(() => generator.pull()).toThrow(ContentLengthMismatchError)
    expect([generator.ended, generator.response.committed]).toEqual([false, true])
  })

  it('[3a.47] pulls no further chunk after the first bytes of a response without content', () => {
    let yields = 0
    const { run, warnings } = host(
      function* (_environ, startResponse) {
        ok(startResponse)
        for (;;) {
          yields += 1
          yield 'x'
        }
      },
      { REQUEST_METHOD: 'HEAD' },
    )
    expect(run.pull()).toBeNull()
    expect([run.ended, run.response.committed, yields]).toEqual([true, true, 1])
    expect(warnings).toHaveLength(1)
  })

  it('[3a.47] announces the length of an Array body to HEAD', () => {
    const { run } = host(wrong(['hello']), { REQUEST_METHOD: 'HEAD' })
    expect(run.pull()).toBeNull()
    expect(run.head?.headers).toEqual([['content-length', '5']])
  })

  it('[3a.49] sends the chunks of the app unchanged', () => {
    const body = 'a\nb\r\nc\0\u{1f600}'
    expect(bodyOf(wrong([body]))).toBe(body)
  })

  it('never ends normally after a failure', () => {
    const { run } = host(function* (_environ, startResponse) {
      ok(startResponse)
      yield 'a'
      throw new Error('boom')
    })
    run.pull()
    expect(() => run.pull()).toThrow('boom')
    expect(() => run.pull()).toThrow(
      'SyncRun: pull() was called inside pull(), after an error, or after close()',
    )
    run.close()
    expect(() => run.pull()).toThrow('SyncRun')
    expect(run.ended).toBe(false)
  })
})

describe('closing', () => {
  const log: string[] = []
  const logged = (body: Partial<Iterator<string> & { close(): void }>): SyncApp => {
    log.length = 0
    return wrong({
      [Symbol.iterator]: () => body,
      close: body.close,
    })
  }
  const endless = {
    next: () => ({ done: false, value: 'x' }) as const,
    return: (): IteratorResult<string> => {
      log.push('return')
      return { done: true, value: undefined }
    },
    close: () => void log.push('close'),
  }

  it('[3a.51] closes the body once after a normal end, without return()', () => {
    const values = ['a']
    const next = (): IteratorResult<string> => {
      const value = values.shift()
      return value === undefined ? { done: true, value } : { done: false, value }
    }
    const { run } = host(logged({ ...endless, next }))
    expect(pullAll(run)).toEqual(['a'])
    run.close()
    run.close()
    expect(log).toEqual(['close'])
  })

  it('[3a.51] [3a.52] returns from the iterator, then closes the body, when stopped early', () => {
    const { run } = host(logged(endless))
    run.pull()
    run.close(new Error('the client left'))
    expect(log).toEqual(['return', 'close'])
  })

  it('[3a.52] returns from the iterator after it yielded a value that is not a chunk', () => {
    const next = (): IteratorResult<string> => ({ done: false, value: 5 as unknown as string })
    const { run } = host(logged({ ...endless, next }))
    expect(() => run.pull()).toThrow(AppError)
    run.close()
    expect(log).toEqual(['return', 'close'])
  })

  it('[3a.51] closes the body of an iterator that threw, without return()', () => {
    const next = (): never => {
      throw new Error('boom')
    }
    const { run } = host(logged({ ...endless, next }))
    expect(() => run.pull()).toThrow('boom')
    run.close()
    expect(log).toEqual(['close'])
  })

  it('[3a.51] closes an Array with close(), and a body that was never iterated', () => {
    let closed = 0
    const body = Object.assign(['a', 'b'], { close: () => void (closed += 1) })
    const first = host(wrong(body)).run
    first.pull()
    first.close()
    const second = host(wrong(body)).run
    second.start()
    second.close()
    expect(closed).toBe(2)
  })

  it('[3a.52] runs the finally of a generator that has begun', () => {
    let finals = 0
    const app: SyncApp = function* (_environ, startResponse) {
      try {
        ok(startResponse)
        yield 'a'
        yield 'b'
      } finally {
        finals += 1
      }
    }
    const begun = host(app).run
    begun.pull()
    begun.close()
    expect(finals).toBe(1)
    const unbegun = host(app).run
    unbegun.start()
    unbegun.close()
    expect(finals).toBe(1)
  })

  it('calls no function of an app that was never called', () => {
    let calls = 0
    const { run } = host(() => ((calls += 1), []))
    run.close()
    expect(calls).toBe(0)
  })

  it('[3a.52] reports each failure, and skips no step', () => {
    const failing = (what: string) => (): never => {
      log.push(what)
      throw new Error(what)
    }
    const app = logged({ ...endless, return: failing('return'), close: failing('close') })
    const { run, warnings } = host(app, {
      'isthmus.responseFinished': [failing('first'), failing('second')],
    })
    run.pull()
    run.close()
    expect(log).toEqual(['return', 'close', 'second', 'first'])
    expect(warnings.map(({ message }) => message)).toEqual([
      'return() of the body failed',
      'close() of the body failed',
      "a callback of 'isthmus.responseFinished' failed",
      "a callback of 'isthmus.responseFinished' failed",
    ])
    expect(warnings.map(({ cause }) => (cause as Error).message)).toEqual(log)
  })

  it('[3a.52] reports a rejected promise, such as that of an async close()', async () => {
    const { run, warnings } = host(
      logged({ ...endless, close: async () => Promise.reject(new Error('late')) } as never),
    )
    run.pull()
    run.close()
    await expect
      .poll(() => warnings.map(({ message }) => message), { timeout: 10_000 })
      .toEqual(['close() of the body failed'])
  })

  it('[3a.58] calls the finished-callbacks from last to first, after close()', () => {
    const calls: unknown[][] = []
    const callback =
      (name: string) =>
      (...args: unknown[]) =>
        void calls.push([name, ...args])
    const body = Object.assign(['x'], { close: () => void calls.push(['close']) })
    const environ = makeEnviron({ 'isthmus.responseFinished': [callback('first')] })
    const app: SyncApp = (environ, startResponse) => {
      environ['isthmus.responseFinished']?.push(callback('second'))
      ok(startResponse, ['ETag', '"1"'])
      return body
    }
    const run = new SyncRun(app, environ, { warn: () => {} })
    pullAll(run)
    run.close()

    const sent = [
      ['etag', '"1"'],
      ['content-length', '1'],
    ]
    expect(calls).toEqual([
      ['close'],
      ['second', environ, '200 OK', sent, undefined],
      ['first', environ, '200 OK', sent, undefined],
    ])
  })

  it('[3a.58] passes the error to the finished-callbacks, but no head that was not sent', () => {
    const calls: unknown[][] = []
    const { run } = host(
      (_environ, startResponse) => {
        ok(startResponse)
        throw new Error('boom')
      },
      { 'isthmus.responseFinished': [(_environ, ...rest) => void calls.push(rest)] },
    )
    expect(() => run.pull()).toThrow('boom')
    run.close(new Error('boom'))
    expect(calls).toEqual([[undefined, undefined, new Error('boom')]])
  })

  it('ends write(), which the app may have kept', () => {
    let kept: ((data: string) => void) | undefined
    const { run } = host((_environ, startResponse) => {
      kept = startResponse('200 OK', [])
      return ['a']
    })
    run.pull()
    run.close()
    expect(() => kept?.('late')).toThrow('write() was called after the response ended')
  })

  it('[3a.57] shows the host the file wrapper of the app before it is read', () => {
    const reads: number[] = []
    const file = wrapFile({
      read: (size) => (reads.push(size), Buffer.of()),
      close: () => reads.push(-1),
    })
    const { run } = host(wrong(file))
    run.start()
    expect(run.body).toBe(file)
    expect(reads).toEqual([])
    run.close()
    expect(reads).toEqual([-1])
  })
})

describe('any body', () => {
  it('[3a.66] has the same bytes as an Array, as a generator and through write()', () => {
    const chunk = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.uint8Array({ maxLength: 6 }),
      fc.constant(''),
    )
    const asArray = (chunks: (string | Uint8Array)[]): SyncApp => wrong(chunks)
    const asGenerator = (chunks: (string | Uint8Array)[]): SyncApp =>
      function* (_environ, startResponse) {
        ok(startResponse)
        yield* chunks
      }
    const asWritten =
      (chunks: (string | Uint8Array)[]): SyncApp =>
      (_environ, startResponse) => {
        const write = startResponse('200 OK', [])
        for (const chunk of chunks) write(chunk)
        return []
      }

    const property = fc.property(fc.array(chunk, { maxLength: 12 }), (chunks) => {
      const whole = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as string)))
      for (const app of [asArray(chunks), asGenerator(chunks), asWritten(chunks)]) {
        const { run } = host(app)
        const pulled: Buffer[] = []
        for (let chunk = run.pull(); chunk !== null; chunk = run.pull()) {
          expect(chunk.length).toBeGreaterThan(0)
          pulled.push(Buffer.from(chunk as string))
        }
        expect(Buffer.concat(pulled).equals(whole)).toBe(true)
      }
    })
    fc.assert(property, { seed: SEED, numRuns: 300 })
    expect.hasAssertions()
  })
})
