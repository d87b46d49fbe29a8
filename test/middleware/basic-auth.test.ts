// Which requests basicAuth() lets through, and how little a refused client learns.

import { timingSafeEqual } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { scopeToEnviron } from '../../src/bridge/scope-to-environ.ts'
import { sync } from '../../src/bridge/style.ts'
import { chain } from '../../src/chain/chain.ts'
import { WaitUnderSyncError } from '../../src/errors.ts'
import { basicAuth } from '../../src/middleware/basic-auth.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { askThrough } from '../chain/ask-through.ts'
import type { BasicAuthOptions } from '../../src/middleware/basic-auth.ts'
import type { HttpScope } from '../../src/contract/events.ts'
import type { Through } from '../chain/ask-through.ts'

type Compare = typeof timingSafeEqual

vi.mock('node:crypto', async (original) => {
  const crypto = await original<{ timingSafeEqual: Compare }>()
  return { ...crypto, timingSafeEqual: vi.fn<Compare>(crypto.timingSafeEqual) }
})

const USERS = { box: 'open: sesame', dürer: 'näs€', empty: ' ' }

function basic(pair: string | Uint8Array): string {
  return `Basic ${Buffer.from(pair as string).toString('base64')}`
}

function ask(
  authorization: string,
  options: BasicAuthOptions = { users: USERS },
): Promise<Through> {
  return askThrough(basicAuth(options), { headers: { authorization } })
}

async function statusFor(authorization: string, options?: BasicAuthOptions): Promise<number> {
  return (await ask(authorization, options)).response.status
}

describe('basicAuth()', () => {
  it('lets a user through, and gives the app the name', async () => {
    const { response, seen } = await ask(basic('box:open: sesame'))
    expect([response.status, seen?.state['user']]).toEqual([200, 'box'])
  })

  it('reads names and passwords as UTF-8, and the scheme in any case', async () => {
    expect(await statusFor(basic('dürer:näs€'))).toBe(200)
    expect(await statusFor(basic('box:open: sesame').replace('Basic ', 'bASIC   '))).toBe(200)
  })

  it('challenges every other request, with the realm', async () => {
    const { response, seen } = await askThrough(basicAuth({ users: USERS, realm: 'a "b" \\' }))
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe(
      String.raw`Basic realm="a \"b\" \\", charset="UTF-8"`,
    )
    expect(seen).toBeNull()
  })

  it.each([
    ['a wrong password', basic('box:open')],
    ['a password in another case', basic('box:OPEN: sesame')],
    ['an unknown user', basic('nobody:open: sesame')],
    ['a name that objects have', basic('constructor:x')],
    ['a name that all objects have', basic('__proto__:x')],
    ['no colon', basic('box')],
    ['an empty pair', basic(':')],
    ['nothing', 'Basic'],
    ['another scheme', 'Bearer b3BlbjogZ2VzYW1l'],
    ['text that is not base64', 'Basic b3Blb#jo='],
    ['base64 with text after it', `${basic('box:open: sesame')}, x`],
    ['control characters', basic('box:open: sesame\n')],
    ['bytes that are not UTF-8', basic(Buffer.from('d\xfcrer:n\xe4s', 'latin1'))],
    ['a byte order mark', basic('\u{feff}box:open: sesame')],
  ])('answers 401 to %s', async (_what, authorization) => {
    expect(await statusFor(authorization)).toBe(401)
  })

  it('compares digests of the same length, for unknown users too', async () => {
    const compare = vi.mocked(timingSafeEqual)
    compare.mockClear()
    await statusFor(basic('box:x'))
    await statusFor(basic('nobody:a longer password'))
    await statusFor(basic('box:open: sesame'))
    const lengths = compare.mock.calls.map(([one, other]) => [one.byteLength, other.byteLength])
    expect(lengths).toEqual([
      [32, 32],
      [32, 32],
      [32, 32],
    ])
  })

  it('names the user and the scheme in the environ as CGI does, and in the scope', async () => {
    const seen: unknown[] = []
    const app = sync((environ, startResponse) => {
      seen.push(environ.AUTH_TYPE, environ.REMOTE_USER)
      startResponse('200 OK', [])
      return []
    })
    const environ = makeEnviron({ HTTP_AUTHORIZATION: basic('dürer:näs€') })
    basicAuth({ users: USERS })(app)(environ, () => () => undefined)
    expect(seen).toEqual(['Basic', 'dürer'])
    const through = await ask(basic('box:open: sesame'))
    expect(through.seen?.['isthmus.auth']).toEqual({ type: 'Basic', user: 'box' })
  })

  it('leaves no user in the environ of a request that names one in a field', async () => {
    const { seen } = await askThrough(chain(), {
      headers: { 'remote-user': 'x', remote_user: 'y' },
    })
    expect(scopeToEnviron(seen as HttpScope, makeEnviron({})['wsgi.input']).REMOTE_USER).toBe(
      undefined,
    )
  })

  it('calls verify, which may be asynchronous', async () => {
    const verify = async (user: string, password: string): Promise<boolean> => user === password
    expect(await statusFor(basic('a:a'), { verify })).toBe(200)
    expect(await statusFor(basic('a:b'), { verify })).toBe(401)
    expect(await statusFor(basic('a:a'), { verify: () => 'yes' as never })).toBe(401)
    const broken = (): Promise<boolean> => Promise.reject(new RangeError('no database'))
    await expect(ask(basic('a:a'), { verify: broken })).rejects.toThrow('no database')
  })

  it('calls verify around a sync app, and throws if it returns a promise', () => {
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return ['in']
    })
    const environ = makeEnviron({ HTTP_AUTHORIZATION: basic('a:a') })
    const call = (options: BasicAuthOptions) =>
      basicAuth(options)(app)(environ, () => () => undefined)
    expect([...call({ verify: () => true })]).toEqual(['in'])
    expect(() => call({ verify: async () => true })).toThrow(WaitUnderSyncError)
  })

  it.each([
    [undefined, 'the options are an object, got undefined'],
    [
      {},
      'option "users" cannot be \'object\': it has the password of at least one user; or give "verify"',
    ],
    [
      { users: { 'a:b': 'c' } },
      'option "users" cannot be \'a:b\': a name has no colon and no control characters',
    ],
    [
      { users: { a: '' } },
      'option "users" cannot be \'string\': the password of "a" is text, not empty and without control characters',
    ],
    [
      { users: { a: undefined } },
      'option "users" cannot be \'undefined\': the password of "a" is text, not empty and without control characters',
    ],
    [
      { users: { a: 'b' }, realm: 'a\nb' },
      'option "realm" cannot be \'a\\nb\': it is text that a header can carry',
    ],
    [{ verify: 1 }, 'option "verify" cannot be 1: it is a function'],
    [{ user: {} }, 'unknown option "user"; did you mean "users"?'],
  ])('refuses %j when it is made', (options, message) => {
    expect(() => basicAuth(options as never)).toThrow(
      expect.objectContaining({
        code: 'ISTHMUS_INVALID_OPTION',
        message: `basicAuth(): ${message}`,
      }),
    )
  })

  it('refuses users together with verify, and never shows a password', () => {
    const both = () => basicAuth({ users: { a: 'secret' }, verify: () => true })
    expect(both).toThrow('"users" is given too; give one of the two')
    expect(() => basicAuth({ users: 'a:secret' as never })).toThrow(/^(?!.*secret)/)
  })
})
