// Two answers: status, fields, and bodies by their type.

import { describe, expect, it } from 'vitest'
import { answerDifferences } from '../../../src/migrate/compare/answer-differences.ts'
import { migrateSettings } from '../../../src/migrate/settings.ts'
import { saying } from '../apps.ts'
import type { Answer } from '../../../src/migrate/compare/answer.ts'
import type { CompareOptions } from '../../../src/migrate.ts'

const TEXT = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/problem+json'

function answer(body: string | Uint8Array, type = TEXT, rest: Partial<Answer> = {}): Answer {
  return {
    status: 200,
    headers: [['content-type', type]],
    body: Buffer.from(body as string),
    isCut: false,
    ...rest,
  }
}

function differences(from: Answer, to: Answer, options: CompareOptions = {}): string[] {
  const { compare } = migrateSettings({ from: saying(''), to: saying(''), compare: options })
  const parts: string[] = []
  answerDifferences(from, to, compare, (one) =>
    parts.push(
      one.isOrder ? `${one.part}: order` : `${one.part}: ${String(one.from)} → ${String(one.to)}`,
    ),
  )
  return parts
}

describe('two answers', () => {
  it('differ in status and in the fields that count', () => {
    const from = answer('', TEXT, {
      headers: [
        ['location', '/a'],
        ['x-app', '1'],
        ['vary', 'a'],
        ['vary', 'b'],
      ],
    })
    const to = answer('', TEXT, {
      status: 302,
      headers: [
        ['location', '/b'],
        ['vary', 'a, b'],
      ],
    })
    expect(differences(from, to)).toEqual(['status: 200 → 302', 'header location: /a → /b'])
    const options = { status: false, headers: ['X-App'] }
    expect(differences(from, to, options)).toEqual(['header x-app: 1 → undefined'])
  })

  it('of JSON differ in values; white space counts with "exact" alone', () => {
    const [from, to] = [answer('{"a":1,"b":2}', JSON_TYPE), answer('{ "b": 2, "a": 1 }', JSON_TYPE)]
    expect(differences(from, to)).toEqual([])
    expect(differences(from, to, { body: 'exact' })).toEqual([
      'body @1: {"a":1,"b":2} → { "b": 2, "a": 1 }',
    ])
    expect(differences(from, answer('{"a":1,"b":3}', JSON_TYPE), { body: 'exact' })).toEqual([
      'body /b: 2 → 3',
    ])
    expect(differences(from, answer('{"a": 1,"b":3}', JSON_TYPE), { body: 'exact' })).toEqual([
      'body /b: 2 → 3',
      'body: {"a":#,"b":#} → {"a": #,"b":#}',
    ])
  })

  it('of JSON are equal without the ignored parts', () => {
    const from = answer('{"id":1,"items":[{"at":1,"n":1},{"at":2,"n":2}],"~/":3}', JSON_TYPE)
    const to = answer('{"id":2,"items":[{"at":8,"n":1},{"at":9,"n":2}],"~/":4}', JSON_TYPE)
    expect(differences(from, to, { body: { ignore: ['/id', '/items/*/at', '/~0~1'] } })).toEqual([])
    expect(differences(from, to, { body: { ignore: ['/items', '/~0~1', '/absent/a'] } })).toEqual([
      'body /id: 1 → 2',
    ])
    expect(differences(from, to, { body: { ignore: [''] } })).toEqual([])
  })

  it('of JSON that one side breaks differ in their bytes', () => {
    expect(differences(answer('{"a":1}', JSON_TYPE), answer('{"a":1', JSON_TYPE))).toEqual([
      'body @6: {"a":1} → {"a":1',
    ])
  })

  it('of text differ in lines, at the offset in bytes', () => {
    expect(differences(answer('ä\nb\nc\n'), answer('ä\nx\nc\n'))).toEqual(['body @3: b\n → x\n'])
    expect(differences(answer('a\nb\nc\n'), answer('a\nc\n'))).toEqual(['body @2: b\n → undefined'])
    expect(differences(answer('a\nb\n'), answer('b\na\n'))).toEqual(['body: order'])
  })

  it('of bytes differ at the first one, with some around it', () => {
    const [from, to] = [
      answer(Buffer.from([1, 2, 3]), 'image/png'),
      answer(Buffer.from([1, 9]), 'image/png'),
    ]
    expect(differences(from, to)).toEqual(['body @1: 3 bytes: 010203 → 2 bytes: 0109'])
    expect(differences(answer('', 'image/png'), to)[1] ?? '').toBe('')
  })

  it('differ if one is cut, although the beginning is equal', () => {
    expect(
      differences(answer('abc', 'image/png'), answer('abc', 'image/png', { isCut: true })),
    ).toHaveLength(1)
    expect(differences(answer('abc'), answer('abc', TEXT, { isCut: true }))).toHaveLength(1)
    expect(
      differences(answer('{}', JSON_TYPE), answer('{}', JSON_TYPE, { isCut: true })),
    ).toHaveLength(1)
  })

  it('are equal if the function says so', () => {
    const body: CompareOptions['body'] = (from, to) => from.body.length === to.body.length
    expect(differences(answer('abc'), answer('xyz'), { body })).toEqual([])
    expect(differences(answer('abc'), answer('x'), { body })).toEqual(['body: abc → x'])
  })
})
