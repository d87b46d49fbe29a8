import { describe, expect, it } from 'vitest'
import { checkScope } from '../../../src/lint/events/scope.ts'
import { httpScope, lifespanScope, websocketScope } from './stage.ts'

const breachOf = (scope: unknown): string => {
  try {
    checkScope(scope)
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

describe('a scope under lint', () => {
  it('[3b.9] passes if it is correct, in all three types', () => {
    expect([httpScope(), websocketScope(), lifespanScope()].map(breachOf)).toEqual([
      'none',
      'none',
      'none',
    ])
  })

  it('[3b.9] passes with the values at the edges', () => {
    const edges = [
      { client: null, server: null },
      { server: ['/run/desk.sock', null] },
      { client: ['::1', 0], server: ['::1', 65_535] },
      { path: '*', rawPath: '*', rootPath: '', method: 'OPTIONS' },
      { path: '/app', rawPath: '/app' },
      { path: '/app/a\nb', rawPath: '/app/a%0Ab' },
      { queryString: '?a=%20&b' },
      { headers: [] },
      {
        headers: [
          ['x-a', ''],
          ['x-a', 'caf\xe9'],
        ],
      },
      { httpVersion: '1.0', method: 'PROPFIND' },
    ]
    expect(edges.map((changes) => breachOf(httpScope(changes)))).toEqual(edges.map(() => 'none'))
  })

  it('[3b.6] passes when its type is unknown: the app has to refuse it', () => {
    expect(breachOf({ type: 'telnet' })).toBe('none')
  })

  it('is a plain object with a type', () => {
    expect(breachOf(null)).toBe(
      'server broke the scope: null is not a scope; pass a plain object with a `type`',
    )
    expect(breachOf(new Map())).toContain('a Map is not a scope')
    expect(breachOf({})).toContain('a plain object is not a scope')
  })

  it('[3b.1] has the version of the interface', () => {
    expect(breachOf(httpScope({ asgi: { version: '2.0', specVersion: '2.5' } }))).toContain(
      "scope.asgi is a plain object; it has to be { version: '3.0', specVersion: '2.5' }",
    )
    expect(breachOf(lifespanScope({ asgi: undefined }))).toContain('scope.asgi is undefined')
  })

  it.each([
    ['httpVersion', '1'],
    ['httpVersion', '3'],
    ['method', 'get'],
    ['method', 'GE T'],
    ['scheme', 'ws'],
    ['path', 'app'],
    ['path', new Uint8Array(1)],
    ['rawPath', '/app?a=1'],
    ['rawPath', '/€'],
    ['queryString', undefined],
    ['queryString', 'a b'],
    ['rootPath', '/'],
    ['rootPath', '/app/'],
    ['rootPath', 'app'],
    ['headers', { host: 'a' }],
    ['headers', [['Host', 'a']]],
    ['headers', [['x-a', 1]]],
    ['headers', [['x-a', 'b', 'c']]],
    ['headers', [['x-a', 'b\r\nc: d']]],
    ['headers', [['x a', 'b']]],
    ['headers', [[':path', '/']]],
    ['client', ['10.0.0.7']],
    ['client', ['10.0.0.7', '80']],
    ['client', ['10.0.0.7', 80.5]],
    ['client', ['10.0.0.7', null]],
    ['server', ['10.0.0.1', 65_536]],
    ['server', undefined],
    ['state', undefined],
    ['extensions', null],
    ['extensions', { 'http.response.push': true }],
  ])('[3b.9] breaks when %s is %j', (key, value) => {
    expect(breachOf(httpScope({ [key]: value }))).toMatch(
      new RegExp(`^server broke the scope: scope.${key} `),
    )
  })

  it('[3b.12] has a path that includes its rootPath, on a segment boundary', () => {
    expect(breachOf(httpScope({ path: '/application' }))).toContain(
      'scope.path "/application" is not under scope.rootPath "/app"',
    )
  })

  it.each([
    ['scheme', 'http'],
    ['subprotocols', 'v1'],
    ['subprotocols', ['v 1']],
    ['headers', undefined],
  ])('[3b.40] breaks for a websocket when %s is %j', (key, value) => {
    expect(breachOf(websocketScope({ [key]: value }))).toContain(`scope.${key} is`)
  })

  it('[3b.64] has a state for a lifespan', () => {
    expect(breachOf(lifespanScope({ state: null }))).toContain('scope.state is null')
  })
})
