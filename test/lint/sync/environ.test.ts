// The requirements of lint for an environ.

import { describe, expect, it } from 'vitest'
import { LintError } from '../../../src/errors.ts'
import { checkEnviron } from '../../../src/lint/sync/environ.ts'
import { makeEnviron } from '../../sync/make-environ.ts'
import type { Environ } from '../../../src/contract/environ.ts'

const check = (changes: Record<string, unknown>) => () =>
  checkEnviron(makeEnviron(changes as Partial<Environ>), 'server')

describe('checkEnviron', () => {
  it('passes the environ of a server', () => {
    expect(check({})).not.toThrow()
    expect(
      check({ 'isthmus.own': 1, HTTP_X: '\xe9', CONTENT_LENGTH: '', CONTENT_TYPE: '' }),
    ).not.toThrow()
    expect(check({ SCRIPT_NAME: '/a', PATH_INFO: '' })).not.toThrow()
    expect(check({ PATH_INFO: '/€', SERVER_PROTOCOL: 'HTTP/2' })).not.toThrow()
    expect(check({ REQUEST_METHOD: 'OPTIONS', PATH_INFO: '*' })).not.toThrow()
  })

  it('names the party, the rule, the fact and the remedy', () => {
    expect(() => checkEnviron([], 'middleware')).toThrow(
      new LintError(
        'middleware broke PEP 3333 (environ Variables): environ is an Array; pass a plain object',
      ),
    )
  })

  it('[3a.2] requires a plain object', () => {
    const own = Object.create({ inherited: true }) as object
    for (const environ of [null, undefined, 'x', new Map(), Object.assign(own, makeEnviron())]) {
      expect(() => checkEnviron(environ, 'server')).toThrow('pass a plain object')
    }
    const bare = Object.assign(Object.create(null) as object, makeEnviron())
    expect(() => checkEnviron(bare, 'server')).not.toThrow()
  })

  it('[3a.7] requires every key, of its type', () => {
    const required = Object.keys(makeEnviron()).filter(
      (key) => !['HTTP_HOST', 'wsgi.file_wrapper'].includes(key),
    )
    expect(required).toHaveLength(14)
    for (const key of required) {
      expect(check({ [key]: undefined })).toThrow(LintError)
      expect(check({ [key]: 5 })).toThrow(LintError)
    }
  })

  it('[3a.7] requires meaningful values', () => {
    expect(check({ REQUEST_METHOD: '' })).toThrow('REQUEST_METHOD is an empty string')
    expect(check({ SERVER_NAME: '' })).toThrow('SERVER_NAME')
    expect(check({ SERVER_PORT: '' })).toThrow('SERVER_PORT')
    expect(check({ SERVER_PROTOCOL: 'http' })).toThrow('SERVER_PROTOCOL')
    expect(check({ 'wsgi.url_scheme': 'ws' })).toThrow('wsgi.url_scheme')
    expect(check({ 'wsgi.version': [1, 1] })).toThrow('wsgi.version')
  })

  it.each([
    ['a string', '1,0'],
    ['strings', ['1', '0']],
    ['one number', [1]],
    ['three numbers', [1, 0, 0]],
    ['nested numbers', [[1], [0]]],
    ['an object that prints like it', { toString: () => '1,0' }],
    ['a bigint', 1n],
    ['null', null],
    ['a typed array', new Uint8Array([1, 0])],
  ])('[3a.7] refuses %s as wsgi.version', (_name, version) => {
    expect(check({ 'wsgi.version': version })).toThrow(
      /^server broke PEP 3333 \(environ Variables\): wsgi.version is .+; it is \[1, 0\]$/,
    )
  })

  it('[3a.2] requires an object that the app may change', () => {
    for (const close of [Object.freeze, Object.seal, Object.preventExtensions]) {
      expect(() => checkEnviron(close(makeEnviron()), 'server')).toThrow(
        'environ cannot be changed; pass an object of its own to each request',
      )
    }
  })

  it('[3a.7] requires a port that exists', () => {
    expect(check({ SERVER_PORT: '65535' })).not.toThrow()
    for (const port of ['65536', '8000 ', '-1', '080000000']) {
      expect(check({ SERVER_PORT: port })).toThrow(`SERVER_PORT is "${port}"`)
    }
  })

  it('[3a.17] [3a.69] [3b.64] requires optional values to be of their type', () => {
    expect(check({ 'wsgi.input_terminated': 'yes' })).toThrow('wsgi.input_terminated is a string')
    expect(check({ 'isthmus.signal': {} })).toThrow('isthmus.signal is an Object')
    expect(check({ 'isthmus.state': [] })).toThrow('isthmus.state is an Array')
    const signal = new AbortController().signal
    const right = { 'wsgi.input_terminated': true, 'isthmus.signal': signal, 'isthmus.state': {} }
    expect(check(right)).not.toThrow()
  })

  it('[3a.8] requires the content variables under their own names', () => {
    expect(check({ HTTP_CONTENT_TYPE: 'x' })).toThrow('HTTP_CONTENT_TYPE is set; set CONTENT_TYPE')
    expect(check({ HTTP_CONTENT_LENGTH: '1' })).toThrow('HTTP_CONTENT_LENGTH is set')
    expect(check({ CONTENT_LENGTH: '1 ' })).toThrow('CONTENT_LENGTH is "1 "')
  })

  it('[3a.9] requires header values and query as on the wire', () => {
    expect(check({ HTTP_X: '€' })).toThrow('HTTP_X is no header value')
    expect(check({ HTTP_X: 'a\nb' })).toThrow('HTTP_X is no header value')
    expect(check({ QUERY_STRING: '€' })).toThrow('QUERY_STRING')
  })

  it('[3a.13] requires a path that can be joined again', () => {
    expect(check({ SCRIPT_NAME: '/' })).toThrow('SCRIPT_NAME is "/"')
    expect(check({ SCRIPT_NAME: 'a' })).toThrow('SCRIPT_NAME is "a"')
    expect(check({ SCRIPT_NAME: '/a/' })).toThrow('SCRIPT_NAME is "/a/"')
    expect(check({ PATH_INFO: 'a' })).toThrow('PATH_INFO is "a"')
    expect(check({ PATH_INFO: '*' })).toThrow('PATH_INFO is "*"')
    expect(check({ PATH_INFO: '' })).toThrow('SCRIPT_NAME and PATH_INFO are empty')
  })

  it('[3a.19] requires variables to be strings, and keys of the server to have a dot', () => {
    expect(check({ HTTP_X: null })).toThrow('HTTP_X is null, not a string')
    expect(check({ CONTENT_TYPE: undefined })).toThrow('CONTENT_TYPE is undefined')
    expect(check({ requestId: {} })).toThrow('a key of your own has a dot')
  })

  it('[3a.21] [3a.30] [3a.57] [3a.58] requires whole streams, and functions where they belong', () => {
    const whole = { read() {}, readline() {}, readlines() {} }
    expect(check({ 'wsgi.input': whole })).toThrow('wsgi.input has no Symbol(Symbol.iterator)()')
    expect(check({ 'wsgi.errors': { write() {} } })).toThrow('has no writelines()')
    expect(check({ 'wsgi.errors': null })).toThrow('wsgi.errors has no write()')
    expect(check({ 'wsgi.file_wrapper': {} })).toThrow('wsgi.file_wrapper is an Object')
    expect(check({ 'isthmus.responseFinished': () => {} })).toThrow('it is an array of callbacks')
  })
})
