// Which ids requestId() keeps and replaces, and which options it takes.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chain } from '../../src/chain/chain.ts'
import { requestId } from '../../src/middleware/request-id.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { respond } from '../../src/chain/response.ts'
import { askThrough, fieldOf } from '../chain/ask-through.ts'
import type { RequestIdOptions } from '../../src/middleware/request-id.ts'

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/** The id of the response to a request with `id`. */
async function answered(id: string, options: RequestIdOptions = {}): Promise<string | undefined> {
  const wrap = requestId({ generate: () => 'new', ...options })
  const { response } = await askThrough(wrap, { headers: { 'x-request-id': id } })
  return response.headers.get('x-request-id')
}

describe('requestId()', () => {
  it('makes a new UUID for each request', async () => {
    const wrap = requestId()
    const ids = [await askThrough(wrap), await askThrough(wrap)].map(({ response }) =>
      response.headers.get('x-request-id'),
    )
    expect(ids[0]).toMatch(UUID)
    expect(ids[1]).toMatch(UUID)
    expect(ids[0]).not.toBe(ids[1])
  })

  it('shows the app one id: in the header, in the state and in the response', async () => {
    const through = await askThrough(requestId())
    const id = through.response.headers.get('x-request-id')
    expect(fieldOf(through, 'x-request-id')).toBe(id)
    expect(through.seen?.state['requestId']).toBe(id)
  })

  it('keeps ids in common forms', async () => {
    const kept = [
      '6f1c-4b',
      '01HZX5',
      'Root=1-67891233:abc',
      'dGVzdA==',
      'a@b.c/d+e_f',
      'x'.repeat(128),
    ]
    expect(await Promise.all(kept.map((id) => answered(id)))).toEqual(kept)
  })

  it('replaces an id that is empty, too long, repeated, or has characters of a log line or a page', async () => {
    const replaced = [
      '',
      'x'.repeat(129),
      'a, b',
      'a b',
      '<b>',
      '"',
      "'",
      ';',
      '\\',
      '${jndi}',
      '%0d',
      '\xe9',
    ]
    expect(await Promise.all(replaced.map((id) => answered(id)))).toEqual(replaced.map(() => 'new'))
    const twice = await askThrough(requestId({ generate: () => 'new' }), {
      headers: { 'x-request-id': ['a', 'b'] },
    })
    expect(twice.response.headers.getAll('x-request-id')).toEqual(['new'])
    expect(twice.seen?.headers.filter(([name]) => name === 'x-request-id')).toHaveLength(1)
  })

  it('answers with printable text without blanks for every id', async () => {
    const value = fc
      .string({ unit: 'binary-ascii' })
      .filter((text) => /^[\t\x20-\x7e]*$/.test(text))
    await fc.assert(
      fc.asyncProperty(value, async (text) => {
        expect(await answered(text.trim())).toMatch(/^[!-~]+$/)
      }),
      { seed: 21, numRuns: 100 },
    )
  })

  it('takes a length limit, another header, and an option that keeps no id', async () => {
    expect(await answered('12345', { maxLength: 4 })).toBe('new')
    expect(await answered('1234', { maxLength: 4 })).toBe('1234')
    expect(await answered('1234', { accept: false })).toBe('new')
    const { response } = await askThrough(requestId({ header: 'X-Correlation-Id' }), {
      headers: { 'x-correlation-id': 'c-1', 'x-request-id': 'r-1' },
    })
    expect(response.headers.get('x-correlation-id')).toBe('c-1')
    expect(response.headers.get('x-request-id')).toBeUndefined()
  })

  it('gives its id to the answer of a middleware inside, and replaces an id that the app set', async () => {
    const inside = middleware('inside', function* () {
      return respond(403, [['x-request-id', 'its-own']])
    })
    const { response } = await askThrough(chain(requestId({ generate: () => 'new' }), inside))
    expect([response.status, response.headers.getAll('x-request-id')]).toEqual([403, ['new']])
  })

  it.each([
    [{ headers: 'x' }, 'unknown option "headers"; did you mean "header"?'],
    [{ header: 'a b' }, 'option "header" cannot be \'a b\': it is the name of a header'],
    [{ accept: 1 }, 'option "accept" cannot be 1: it is true or false'],
    [{ maxLength: 0 }, 'option "maxLength" cannot be 0: it is a whole number of at least 1'],
    [{ generate: 'uuid' }, 'option "generate" cannot be \'uuid\': it is a function'],
    [null, 'the options are an object, got null'],
  ])('refuses %j when it is made', (options, message) => {
    expect(() => requestId(options as never)).toThrow(
      expect.objectContaining({
        code: 'ISTHMUS_INVALID_OPTION',
        message: `requestId(): ${message}`,
      }),
    )
  })
})
