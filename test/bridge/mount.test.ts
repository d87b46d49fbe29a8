import { describe, expect, it } from 'vitest'
import { asEventApp } from '../../src/bridge/as-event-app.ts'
import { mount } from '../../src/bridge/mount.ts'
import { AppError } from '../../src/errors.ts'
import { Host, httpScope } from './host.ts'
import type { SyncApp } from '../../src/contract/environ.ts'
import type { EventApp, HttpScope, WebSocketScope } from '../../src/contract/events.ts'

/** An app that answers with its name and its root path. */
const named =
  (name: string): EventApp =>
  async (scope, _receive, send) => {
    if (scope.type === 'lifespan') throw new Error('no lifespan')
    const { path, rawPath, rootPath } = scope
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: [name, rootPath, path, rawPath].join(' ') })
  }

const legacy: SyncApp = (environ, startResponse) => {
  startResponse('200 OK', [])
  return [`${environ.SCRIPT_NAME}|${environ.PATH_INFO}`]
}

async function ask(app: EventApp, path: string, parts: Partial<HttpScope> = {}): Promise<string> {
  const host = new Host()
  await host.run(app, httpScope({ path, rawPath: path, ...parts }))
  const [start, body] = host.sent
  if (start?.type !== 'http.response.start' || body?.type !== 'http.response.body') return 'nothing'
  return `${start.status} ${String(body.body)}`
}

describe('mount: the choice of the app', () => {
  const app = mount({
    '/': named('root'),
    '/a': named('a'),
    '/a/b': named('ab'),
    '/c/': named('c'),
  })

  it('[3a.14] matches on a segment boundary only', async () => {
    expect(await ask(app, '/a')).toBe('200 a /a /a /a')
    expect(await ask(app, '/a/')).toBe('200 a /a /a/ /a/')
    expect(await ask(app, '/ab')).toBe('200 root  /ab /ab')
    expect(await ask(app, '/A')).toBe('200 root  /A /A')
  })

  it('the longest prefix wins, in any order of the table', async () => {
    expect(await ask(app, '/a/b/x')).toBe('200 ab /a/b /a/b/x /a/b/x')
    expect(await ask(app, '/a/bx')).toBe('200 a /a /a/bx /a/bx')
    const reversed = mount({ '/a/b': named('ab'), '/a': named('a'), '/': named('root') })
    expect(await ask(reversed, '/a/b')).toBe('200 ab /a/b /a/b /a/b')
  })

  it('ignores a slash at the end of a prefix', async () => {
    expect(await ask(app, '/c')).toBe('200 c /c /c /c')
    expect(await ask(app, '/c/x')).toBe('200 c /c /c/x /c/x')
  })

  it('[3b.12] moves rootPath and leaves path and rawPath as they are', async () => {
    const parts = { rootPath: '/api', rawPath: '/api/a%2Fx' }
    expect(await ask(app, '/api/a/x', parts)).toBe('200 a /api/a /api/a/x /api/a%2Fx')
  })

  it('[3a.14] moves the prefix from PATH_INFO to SCRIPT_NAME', async () => {
    const app = mount({ '/old': legacy })
    expect(await ask(app, '/old/x')).toBe('200 /old|/x')
    expect(await ask(app, '/old')).toBe('200 /old|')
    expect(await ask(app, '/api/old/x', { rootPath: '/api' })).toBe('200 /api/old|/x')
  })

  it('[3a.14] can be nested', async () => {
    const nested = mount({ '/a': mount({ '/a': legacy, '/': named('outer') }) })
    expect(await ask(nested, '/a/a/a')).toBe('200 /a/a|/a')
    expect(await ask(nested, '/a/x')).toBe('200 outer /a /a/x /a/x')
    expect(await ask(nested, '/a/ab')).toBe('200 outer /a /a/ab /a/ab')
  })

  it('[3b.5] does not change the scope of the outer app', async () => {
    const scope = httpScope({ path: '/a/x', state: { own: 1 } })
    const before = structuredClone(scope)
    const intruder: EventApp = async (scope, _receive, _send) => {
      Object.assign(scope, { path: '/evil' })
      scope.state['own'] = 2
    }
    const host = new Host()
    await mount({ '/a': intruder })(scope, host.receive, host.send)
    expect(scope).toEqual(before)
  })

  it('passes the asterisk to the app at the root', async () => {
    expect(await ask(app, '*')).toBe('200 root  * *')
    expect(await ask(mount({ '/a': named('a') }), '*')).toBe('404 Not Found\n')
  })

  it('refuses a prefix that is not a path, and one that is in the table twice', () => {
    for (const prefix of ['a', '//', '/a//b', '//a', 'http://x/']) {
      expect(() => mount({ [prefix as '/']: legacy })).toThrow(
        new AppError(`mount: "${prefix}" is not a path such as "/" or "/live"`),
      )
    }
    expect(() => mount({ '/a': legacy, '/a/': legacy })).toThrow(
      new AppError('mount: "/a" is in the table twice'),
    )
    expect(() => mount({ '/a': 7 } as never)).toThrow(AppError)
  })

  it('names the path of a value that is no app', () => {
    for (const value of [undefined, null, 7, {}]) {
      expect(() => mount({ '/a': value } as never)).toThrow(
        /^mount: "\/a": an app is a function, got /,
      )
    }
  })

  it('refuses a table that is no plain object', () => {
    const values = [Promise.resolve(legacy), new Map([['/', legacy]]), new Date(), [legacy], null]
    for (const value of values) {
      expect(() => mount(value as never)).toThrow(/^mount: a table is a plain object /)
      expect(() => asEventApp(value as never)).toThrow(AppError)
    }
    expect(() => asEventApp(Promise.resolve(legacy) as never)).toThrow('await the promise first')
  })

  it('takes a table without a prototype', async () => {
    const table = Object.assign(Object.create(null), { '/': named('root') })
    expect(await ask(asEventApp(table as never), '/')).toMatch(/^200 root/)
  })
})

describe('mount: paths without an app', () => {
  const app = mount({ '/a': named('a') })

  it('[3c.5] answers 404', async () => {
    for (const path of ['/', '/ab', '/b/a']) expect(await ask(app, path)).toBe('404 Not Found\n')
  })

  it('[3c.5] answers 404 to a path that is not under the root path', async () => {
    expect(await ask(mount({ '/': legacy, '/a': legacy }), '/x/a', { rootPath: '/y' })).toBe(
      '404 Not Found\n',
    )
    expect(await ask(mount({ '/a': named('a') }), '/xy/a', { rootPath: '/x' })).toBe(
      '404 Not Found\n',
    )
    expect(await ask(mount({ '/a': named('a') }), '/zz/a', { rootPath: '/yy' })).toBe(
      '404 Not Found\n',
    )
  })

  it('[3b.47] denies a WebSocket with 404', async () => {
    const { method: _method, ...parts } = httpScope({ path: '/b' })
    const scope: WebSocketScope = { ...parts, type: 'websocket', scheme: 'ws', subprotocols: [] }
    const host = new Host()
    await host.run(app, scope)
    expect(host.sent).toEqual([
      {
        type: 'websocket.http.response.start',
        status: 404,
        headers: [['content-type', 'text/plain; charset=utf-8']],
      },
      { type: 'websocket.http.response.body', body: 'Not Found\n' },
    ])
  })

  it('works with an empty table', async () => {
    expect(await ask(mount({}), '/')).toBe('404 Not Found\n')
  })
})
