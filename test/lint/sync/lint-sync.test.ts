// Lint for sync apps: each breach is an error for the party that commits it; correct calls pass unchanged.

import { describe, expect, it } from 'vitest'
import { AppError, LintError } from '../../../src/errors.ts'
import { WrappedFile, wrapFile } from '../../../src/sync/file-wrapper.ts'
import { BytesSource, Input } from '../../../src/sync/input.ts'
import { lintSync } from '../../../src/lint/sync/lint-sync.ts'
import { SyncRun } from '../../../src/sync/run.ts'
import { makeEnviron } from '../../sync/make-environ.ts'
import type {
  Chunk,
  Environ,
  StartResponse,
  SyncApp,
  SyncBody,
} from '../../../src/contract/environ.ts'

const PLAIN: [string, string][] = [['Content-Type', 'text/plain']]

const hello: SyncApp = function* (environ, startResponse) {
  startResponse('200 OK', PLAIN)
  yield `Hello, ${environ.PATH_INFO}\n`
}
const answer = (body: unknown, status = '200 OK', headers = PLAIN): SyncApp =>
  ((_environ: Environ, startResponse: StartResponse) => {
    startResponse(status, headers)
    return body
  }) as unknown as SyncApp
const reading =
  (read: (environ: Environ) => unknown): SyncApp =>
  (environ, startResponse) => {
    read(environ)
    startResponse('200 OK', PLAIN)
    return []
  }

// The response that a client gets from a correct server.
function serveOnce(app: SyncApp, environ: Partial<Environ> = {}): { head: unknown; body: string } {
  const run = new SyncRun(app, makeEnviron(environ), { warn: () => {} })
  const chunks: Buffer[] = []
  try {
    for (let chunk = run.pull(); chunk !== null; chunk = run.pull()) {
      chunks.push(Buffer.from(chunk as string))
    }
  } finally {
    run.close()
  }
  return { head: run.head, body: Buffer.concat(chunks).toString() }
}

const startResponse: StartResponse = () => () => {}
const lintOnce = (app: SyncApp, environ?: Partial<Environ>) => () =>
  serveOnce(lintSync(app), environ)
const bodyOf = (app: SyncApp): SyncBody => lintSync(app)(makeEnviron(), startResponse)

describe('a correct app', () => {
  it('passes unchanged, to the byte', () => {
    const apps: SyncApp[] = [
      hello,
      answer(['a', Buffer.from('b')]),
      answer([], '204 No Content', []),
      answer([], '304 Not Modified', [['content-length', '5']]),
      answer(new Set(['a', 'é'])),
      answer(['abc'], '200 OK', [['content-length', '3'], ...PLAIN]),
      (_environ, startResponse) => {
        startResponse('200 OK', PLAIN)('written')
        return ['returned']
      },
    ]
    for (const app of apps) expect(serveOnce(lintSync(app))).toEqual(serveOnce(app))
  })

  it('passes a response to HEAD that is made as that to GET', () => {
    const environ = { REQUEST_METHOD: 'HEAD' }
    expect(serveOnce(lintSync(hello), environ)).toEqual(serveOnce(hello, environ))
    expect(lintOnce(answer([], '200 OK', [['content-length', '9']]), environ)).not.toThrow()
  })

  it('[3a.57] passes the very file wrapper', () => {
    const file = wrapFile({ read: () => Buffer.of() })
    expect(bodyOf(answer(file))).toBe(file)
    expect(file).toBeInstanceOf(WrappedFile)
  })

  it('[3a.36] passes an error page that replaces an announced head', () => {
    const app: SyncApp = (_environ, startResponse) => {
      startResponse('200 OK', [['content-length', '9']])
      startResponse('500 Oops', PLAIN, new Error('boom'))
      return ['sorry']
    }
    expect(serveOnce(lintSync(app))).toEqual(serveOnce(app))
  })

  it('[3a.37] passes on the error that the server rethrows', () => {
    const error = new Error('boom')
    const app: SyncApp = function* (_environ, startResponse) {
      startResponse('200 OK', PLAIN)
      yield 'a'
      startResponse('500 Oops', PLAIN, error)
    }
    expect(lintOnce(app)).toThrow(error)
  })

  it('passes on the errors of the app', () => {
    const error = new AppError('a fault of its own')
    const app: SyncApp = () => {
      throw error
    }
    expect(lintOnce(app)).toThrow(error)
  })

  it('passes on input and errors', () => {
    const seen: string[] = []
    const app = reading((environ) => {
      const input = environ['wsgi.input']
      seen.push(String(input.read(2)), String(input.readline(1)), String(input.readline()))
      seen.push(...input.readlines(3).map(String), ...[...input].map(String), String(input.read()))
      environ['wsgi.errors'].write('text')
      environ['wsgi.errors'].writelines(['more', 'text'])
      environ['wsgi.errors'].flush()
    })
    const body = new BytesSource([Buffer.from('abcd\nef\ngh\nij')])
    serveOnce(lintSync(app), { 'wsgi.input': new Input(body) })
    expect(seen).toEqual(['ab', 'c', 'd\n', 'ef\n', 'gh\n', 'ij', ''])
  })

  it('keeps two parameters, by which an app is known as a sync one', () => {
    expect(lintSync(hello)).toHaveLength(2)
  })

  it('passes through lint twice', () => {
    expect(serveOnce(lintSync(lintSync(hello)))).toEqual(serveOnce(hello))
  })
})

describe('a breach of the app', () => {
  it('names the culprit, the rule, the breach and the remedy', () => {
    const fault = lintOnce(answer('text'))
    expect(fault).toThrow(LintError)
    expect(fault).toThrow(
      'app broke PEP 3333 (The Application/Framework Side): the app returned a string; ' +
        'return [text], or it would be sent character by character',
    )
  })

  it('[3a.4] is a body of the wrong type', () => {
    for (const body of [null, undefined, Buffer.from('x'), Promise.resolve([]), 5]) {
      expect(lintOnce(answer(body))).toThrow(LintError)
    }
  })

  it('[3a.5] is a chunk of the wrong type', () => {
    expect(lintOnce(answer([5]))).toThrow(LintError)
    const app = answer(new Set(['a', 5]))
    expect(lintOnce(app)).toThrow('app broke PEP 3333 (Buffering and Streaming): the app yielded')
  })

  it('[3a.32] is a malformed status', () => {
    for (const status of ['200', '200 OK\r\n', '99 X', '100 Continue']) {
      expect(lintOnce(answer([], status))).toThrow(LintError)
    }
  })

  it('[3a.33] [3a.34] is a malformed or forbidden header', () => {
    expect(lintOnce(answer([], '200 OK', [['a b', 'c']]))).toThrow(LintError)
    expect(lintOnce(answer([], '200 OK', [['a', 'b\n']]))).toThrow(LintError)
    expect(lintOnce(answer([], '200 OK', [['Status', '200']]))).toThrow(LintError)
    expect(lintOnce(answer([], '200 OK', [['Connection', 'close']]))).toThrow(LintError)
    expect(lintOnce(answer([], '200 OK', null as never))).toThrow(LintError)
  })

  it('[3a.33] is a wrong number of arguments of startResponse', () => {
    const calling = (...args: unknown[]): SyncApp =>
      ((_environ: Environ, startResponse: (...args: unknown[]) => unknown) => {
        startResponse(...args)
        return []
      }) as unknown as SyncApp
    expect(lintOnce(calling('200 OK'))).toThrow('startResponse was called with 1 arguments')
    expect(lintOnce(calling('200 OK', [], undefined, 1))).toThrow('with 4 arguments')
    expect(lintOnce(calling('200 OK', PLAIN, undefined))).not.toThrow()
    expect(lintOnce(calling('200 OK', PLAIN, 'boom'))).toThrow('excInfo is a string')
  })

  it('[3a.35] is a second startResponse without an error at hand', () => {
    const app: SyncApp = (_environ, startResponse) => {
      startResponse('200 OK', PLAIN)
      startResponse('200 OK', PLAIN)
      return []
    }
    expect(lintOnce(app)).toThrow('startResponse was called twice')
  })

  it('[3a.41] is a body without startResponse', () => {
    expect(lintOnce(() => ['x'])).toThrow(LintError)
    expect(lintOnce(() => [])).toThrow(LintError)
    expect(lintOnce(() => new Set(['x']))).toThrow('startResponse was not called')
    expect(lintOnce(() => new Set<string>())).toThrow('startResponse was not called')
  })

  it('[3a.43] is write() while the body is iterated', () => {
    const app: SyncApp = function* (_environ, startResponse) {
      const write = startResponse('200 OK', PLAIN)
      yield 'a'
      write('b')
    }
    expect(lintOnce(app)).toThrow('write() was called while the body was iterated; yield instead')
  })

  it('[3a.5] [3a.45] is write() of no chunk, or of too much', () => {
    const writing = (data: unknown, ...headers: [string, string][]): SyncApp => {
      return (_environ, startResponse) => {
        startResponse('200 OK', headers)(data as Chunk)
        return []
      }
    }
    expect(lintOnce(writing(5))).toThrow(LintError)
    expect(lintOnce(writing('abc', ['content-length', '2']))).toThrow(LintError)
  })

  it('[3a.45] is more or fewer bytes than the Content-Length', () => {
    const length: [string, string][] = [['content-length', '3'], ...PLAIN]
    expect(lintOnce(answer(['ab'], '200 OK', length))).toThrow(LintError)
    expect(lintOnce(answer(['abcd'], '200 OK', length))).toThrow(LintError)
    expect(lintOnce(answer(new Set(['a', 'b']), '200 OK', length))).toThrow('has 2 bytes')
    expect(lintOnce(answer(new Set(['ab', 'cd']), '200 OK', length))).toThrow('was cut')
  })

  it('[3a.47] is content in a response that has none', () => {
    expect(lintOnce(answer(['x'], '204 No Content', []))).toThrow('has no content')
    expect(lintOnce(answer(new Set(['x']), '304 Not Modified', []))).toThrow('has no content')
    expect(lintOnce(answer([], '204 No Content', [['Content-Length', '0']]))).toThrow(
      'a 204 with Content-Length; it has no content: leave the header out',
    )
    expect(lintOnce(answer([], '304 Not Modified', PLAIN))).toThrow('a 304 with Content-Type')
  })

  it('[3a.28] is closing wsgi.input or wsgi.errors', () => {
    const closing = (key: string): SyncApp =>
      reading((environ) => (environ[key] as { close(): void }).close())
    expect(lintOnce(closing('wsgi.input'))).toThrow('it closed wsgi.input')
    expect(lintOnce(closing('wsgi.errors'))).toThrow('it closed wsgi.errors')
  })

  it('[3a.21] is a wrong argument of read()', () => {
    type Reader = (...sizes: unknown[]) => unknown
    const input = (environ: Environ): Record<string, Reader> =>
      environ['wsgi.input'] as unknown as Record<string, Reader>
    for (const method of ['read', 'readline', 'readlines']) {
      for (const args of [[1.5], ['1'], [-1], [null], [1, 2]]) {
        const app = reading((environ) => input(environ)[method]?.(...args))
        expect(lintOnce(app)).toThrow(
          `it called wsgi.input ${method}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`,
        )
      }
    }
  })

  it('[3a.30] is a value other than text for wsgi.errors', () => {
    const app = reading((environ) => environ['wsgi.errors'].writelines([5 as unknown as string]))
    expect(lintOnce(app)).toThrow('it wrote a number to wsgi.errors; write text')
  })
})

describe('a breach of the server', () => {
  const call =
    (...args: unknown[]) =>
    () =>
      (lintSync(hello) as (...args: unknown[]) => unknown)(...args)

  it('[3a.1] is a wrong number of arguments', () => {
    expect(call(makeEnviron())).toThrow('server broke PEP 3333 (The Application/Framework Side)')
    expect(call(makeEnviron(), startResponse, 1)).toThrow('was called with 3 arguments')
  })

  it('[3a.31] is a startResponse that returns no write()', () => {
    const app = lintSync(answer([]))
    expect(() => app(makeEnviron(), (() => undefined) as never)).toThrow(
      'startResponse returned undefined',
    )
  })

  it('[3a.22] is an input that gives too much, or no bytes', () => {
    const input = { read: () => Buffer.from('abc'), readline: () => 'x', readlines: () => 'x' }
    const environ = (): Partial<Environ> => ({
      'wsgi.input': { ...input, [Symbol.iterator]: () => ['x'].values() } as never,
    })
    const asking = (read: (input: Environ['wsgi.input']) => unknown): (() => unknown) =>
      lintOnce(
        reading((environ) => read(environ['wsgi.input'])),
        environ(),
      )
    expect(asking((input) => input.read(2))).toThrow('server broke PEP 3333 (Input and Error')
    expect(asking((input) => input.read(2))).toThrow('gave 3 bytes; it gives at most 2')
    expect(asking((input) => input.readline())).toThrow('gave a string; it gives a Uint8Array')
    expect(asking((input) => input.readlines())).toThrow('gave a string; it gives an array')
    expect(asking((input) => [...input])).toThrow('gave a string')
  })

  it('[3a.51] is iterating a closed body, or closing it twice', () => {
    const body = bodyOf(hello)
    body.close?.()
    expect(() => body[Symbol.iterator]()).toThrow('server broke PEP 3333 (Specification Details)')
    expect(() => body.close?.()).toThrow('it closed a body twice; close it once')

    const begun = bodyOf(hello)
    const iterator = begun[Symbol.iterator]()
    iterator.next()
    iterator.return?.()
    begun.close?.()
    expect(() => iterator.next()).toThrow('it asked a closed body for a chunk')
    expect(() => iterator.return?.()).toThrow('it called return() after close()')
  })

  it('is iterating a body twice', () => {
    const body = bodyOf(hello)
    body[Symbol.iterator]()
    expect(() => body[Symbol.iterator]()).toThrow('it iterated a body twice')
  })

  it('[3a.52] is stopping early without return(); the body is closed all the same', () => {
    let closed = 0
    const body = bodyOf(
      answer({ [Symbol.iterator]: () => ['a', 'b'].values(), close: () => (closed += 1) }),
    )
    body[Symbol.iterator]().next()
    expect(() => body.close?.()).toThrow('it stopped early without return()')
    expect(closed).toBe(1)
  })

  it('[3a.51] is never closing a body', () => {
    const app = lintSync(hello)
    app.assertClosed()
    const body = app(makeEnviron(), startResponse)
    expect(() => app.assertClosed()).toThrow('1 bodies were not closed; close each in any case')
    body.close?.()
    expect(() => app.assertClosed()).not.toThrow()
  })

  it('ends an app that yielded a value other than a chunk', () => {
    let finals = 0
    const app: SyncApp = function* (_environ, startResponse) {
      startResponse('200 OK', PLAIN)
      try {
        yield 5 as unknown as string
      } finally {
        finals += 1
      }
    }
    expect(lintOnce(app)).toThrow('the app yielded a number')
    expect(finals).toBe(1)
  })
})
