// Lint for classic middleware: its duties to the server and to the app.

import { describe, expect, it } from 'vitest'
import { LintError } from '../../../src/errors.ts'
import { lintWrap } from '../../../src/lint/sync/lint-wrap.ts'
import { wrapFile } from '../../../src/sync/file-wrapper.ts'
import { SyncRun } from '../../../src/sync/run.ts'
import { makeEnviron } from '../../sync/make-environ.ts'
import type { SyncApp } from '../../../src/contract/environ.ts'

type Wrap = (app: SyncApp) => SyncApp

const three: SyncApp = function* (_environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield 'a'
  yield 'b'
  yield 'c'
}
const array: SyncApp = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return ['a', 'b', 'c']
}
// Closes the body that it wraps, as a generator can.
const upper: Wrap = (app) =>
  function* (environ, startResponse) {
    const body = app(environ, startResponse)
    try {
      for (const chunk of body) yield String(chunk).toUpperCase()
    } finally {
      body.close?.()
    }
  }
const joined: Wrap = (app) => (environ, startResponse) => {
  const body = app(environ, startResponse)
  const text = [...body].join('')
  body.close?.()
  return [text]
}

function serveOnce(app: SyncApp, pulls = 99): string {
  const problems: unknown[] = []
  const run = new SyncRun(app, makeEnviron(), {
    warn: (message, cause) => problems.push(cause ?? message),
  })
  let body = ''
  try {
    for (let count = 0; count < pulls && !run.ended; count += 1) body += String(run.pull() ?? '')
  } finally {
    run.close()
  }
  if (problems.length > 0) throw problems[0]
  return body
}

describe('lintWrap', () => {
  it('[3a.59] passes a correct middleware, whole or stopped early', () => {
    expect(serveOnce(lintWrap(upper)(three))).toBe('ABC')
    expect(serveOnce(lintWrap(upper)(three), 1)).toBe('A')
    expect(serveOnce(lintWrap(upper)(array))).toBe('ABC')
    expect(serveOnce(lintWrap((app) => app)(three))).toBe('abc')
    expect(serveOnce(lintWrap((app) => app)(array))).toBe('abc')
  })

  it('[3a.59] passes an Array that is taken at once', () => {
    expect(serveOnce(lintWrap(joined)(array))).toBe('abc')
  })

  it('[3a.59] names a middleware that takes several chunks before it yields', () => {
    expect(() => serveOnce(lintWrap(joined)(three))).toThrow(
      new LintError(
        'middleware broke PEP 3333 (Middleware Handling of Block Boundaries): it took a second chunk ' +
          "of the inner app before it yielded for the first; yield at least '' for each",
      ),
    )
  })

  it('[3a.59] passes a middleware that holds chunks back and yields empty ones meanwhile', () => {
    const holding: Wrap = (app) =>
      function* (environ, startResponse) {
        const body = app(environ, startResponse)
        let held = ''
        for (const chunk of body) {
          held += String(chunk)
          yield ''
        }
        body.close?.()
        yield held
      }
    expect(serveOnce(lintWrap(holding)(three))).toBe('abc')
  })

  it('[3a.59] names a middleware that does not close the body of its app', () => {
    const forgetful: Wrap = (app) =>
      function* (environ, startResponse) {
        yield* app(environ, startResponse)
      }
    const replacing: Wrap = (app) => (environ, startResponse) => {
      app(environ, startResponse)
      return ['x']
    }
    const fault = 'middleware broke PEP 3333 (Specification Details): it did not close the body'
    expect(() => serveOnce(lintWrap(forgetful)(three))).toThrow(fault)
    expect(() => serveOnce(lintWrap(replacing)(three))).toThrow(LintError)
  })

  it('[3a.57] [3a.59] names a middleware that closes neither the file nor the Array of its app', () => {
    const answering =
      (body: () => unknown): SyncApp =>
      (_environ, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'text/plain']])
        return body() as never
      }
    const file = answering(() => wrapFile({ read: () => Buffer.of() }))
    const closable = answering(() => Object.assign(['a'], { close: () => undefined }))
    const replacing: Wrap = (app) => (environ, startResponse) => {
      app(environ, startResponse)
      return ['x']
    }
    for (const app of [file, closable]) {
      expect(() => serveOnce(lintWrap(replacing)(app))).toThrow('it did not close the body')
      expect(() => serveOnce(lintWrap((inner) => inner)(app))).not.toThrow()
      expect(() => serveOnce(lintWrap(upper)(app))).not.toThrow()
    }
  })

  it('[3a.59] names the side of a breach', () => {
    const breaking: Wrap = (app) => (environ, startResponse) => {
      environ.SERVER_PORT = ''
      return app(environ, startResponse)
    }
    expect(() => serveOnce(lintWrap(breaking)(three))).toThrow('middleware broke PEP 3333 (environ')
    const returning: Wrap = () => () => 'text' as never
    expect(() => serveOnce(lintWrap(returning)(three))).toThrow(
      'middleware broke PEP 3333 (The App',
    )
    const faulty: SyncApp = () => 'text' as never
    expect(() => serveOnce(lintWrap(upper)(faulty))).toThrow('app broke PEP 3333 (The App')
  })

  it('keeps nested middleware apart, also when environ is copied', () => {
    const copying: Wrap = (app) => (environ, startResponse) => app({ ...environ }, startResponse)
    const app = lintWrap(copying)(lintWrap(upper)(lintWrap(upper)(three)))
    expect(serveOnce(app)).toBe('ABC')
    app.assertClosed()
  })
})
