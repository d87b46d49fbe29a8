// Matches, mismatches and noise of one migration; and the record.

import { describe, expect, it, vi } from 'vitest'
import { Findings } from '../../../src/migrate/findings/findings.ts'
import { migrateSettings } from '../../../src/migrate/settings.ts'
import { saying } from '../apps.ts'
import type { Answer } from '../../../src/migrate/compare/answer.ts'
import type { MismatchReport } from '../../../src/contract/report.ts'

const settings = migrateSettings({ from: saying(''), to: saying(''), redact: ['Password'] })
const REQUEST = { method: 'GET', path: '/a/1' }

function answer(value: unknown): Answer {
  const headers: Answer['headers'] = [['content-type', 'application/json']]
  return { status: 200, headers, body: Buffer.from(JSON.stringify(value)), isCut: false }
}

class Run {
  readonly stood: MismatchReport[] = []
  readonly findings = new Findings(settings, (mismatch) => this.stood.push(mismatch))

  take(from: unknown, to: unknown, again?: unknown, path = REQUEST.path): void {
    const answers = {
      from: answer(from),
      to: answer(to),
      again: again === undefined ? null : answer(again),
    }
    this.findings.take({ ...REQUEST, path }, answers)
  }

  get counts(): number[] {
    const { matches, mismatches, noise } = this.findings.report()
    return [matches, mismatches, noise]
  }

  get parts(): string[] {
    return this.findings
      .report()
      .last.flatMap(({ differences }) => differences.map(({ part }) => part))
  }
}

describe('noise', () => {
  it('is a part in which the old app differs from itself', () => {
    const run = new Run()
    run.take({ id: 'a' }, { id: 'b' }, { id: 'c' })
    expect(run.counts).toEqual([1, 0, 1])
    run.take({ id: 'a' }, { id: 'b' }, { id: 'a' }, '/a/2')
    expect(run.counts).toEqual([2, 0, 2])
  })

  it('of one route says nothing about another one', () => {
    const run = new Run()
    run.take({ id: 'a' }, { id: 'b' }, { id: 'c' }, '/a/1')
    run.take({ id: 'a' }, { id: 'b' }, { id: 'a' }, '/b/1')
    expect(run.counts).toEqual([1, 1, 1])
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['a number', 5],
    ['an empty text', ''],
    ['no value at all', undefined],
    ['a list', ['b']],
  ])('in a text does not hide %s', (_, value) => {
    const run = new Run()
    run.take({ id: 'a' }, { id: value }, { id: 'c' })
    expect(run.counts).toEqual([0, 1, 0])
  })

  it('in a date does not hide a text that is no date', () => {
    const run = new Run()
    const [from, again] = [{ at: '2026-01-01T00:00:00Z' }, { at: '2026-01-01T00:00:01Z' }]
    run.take(from, { at: 'now' }, again)
    run.take(from, { at: '2027-12-01' }, again)
    expect(run.counts).toEqual([1, 1, 1])
  })

  it('in the order of a list does not hide a missing element', () => {
    const run = new Run()
    run.take({ tags: ['a', 'b', 'c'] }, { tags: ['c', 'b', 'a'] }, { tags: ['b', 'a', 'c'] })
    expect(run.counts).toEqual([1, 0, 1])
    run.take({ tags: ['a', 'b', 'c'] }, { tags: ['c', 'a'] }, { tags: ['a', 'b', 'c'] })
    expect(run.parts).toEqual(['body /tags/1'])
  })

  it('in a part that is sometimes absent allows both', () => {
    const run = new Run()
    run.take({ ad: 'x' }, {}, {})
    run.take({}, { ad: 'y' }, {})
    expect(run.counts).toEqual([2, 0, 2])
  })
})

describe('a mismatch', () => {
  it('is withdrawn when its part proves to be noise', () => {
    const run = new Run()
    run.take({ at: 1, n: 1 }, { at: 2, n: 1 }, { at: 1, n: 1 })
    run.take({ at: 1, n: 1 }, { at: 2, n: 9 }, { at: 1, n: 1 })
    expect(run.counts).toEqual([0, 2, 0])
    run.take({ at: 1, n: 1 }, { at: 1, n: 1 }, { at: 2, n: 1 })
    expect(run.counts).toEqual([2, 1, 2])
    expect(run.parts).toEqual(['body /n'])
    expect(run.stood).toEqual([])
  })

  it('stands after 20 further comparisons of its route, and is told once', () => {
    const run = new Run()
    run.take({ n: 1 }, { n: 2 }, { n: 1 })
    for (let at = 0; at < 19; at += 1) run.take(1, 1, 1)
    for (let at = 0; at < 30; at += 1) run.take(1, 1, 1, '/other')
    expect(run.stood).toHaveLength(0)
    run.take(1, 1, 1)
    expect(run.stood).toHaveLength(1)
    for (let at = 0; at < 50; at += 1) run.take(1, 1, 1)
    run.findings.close()
    expect(run.stood).toHaveLength(1)
  })

  it('stands after a minute, or at the end of the server', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
    try {
      const run = new Run()
      run.take({ n: 1 }, { n: 2 }, { n: 1 })
      vi.advanceTimersByTime(30_000)
      run.take({ n: 1 }, { n: 3 }, { n: 1 })
      vi.advanceTimersByTime(31_000)
      expect(run.stood).toHaveLength(1)
      vi.advanceTimersByTime(30_000)
      expect(run.stood).toHaveLength(2)
      run.take({ n: 1 }, { n: 4 }, { n: 1 })
      run.findings.close()
      expect(run.stood).toHaveLength(3)
    } finally {
      vi.useRealTimers()
    }
  })

  it('stands at once without a baseline', () => {
    const run = new Run()
    run.take({ n: 1 }, { n: 2 })
    expect(run.stood).toHaveLength(1)
  })

  it('leaves the report after a hundred others, and the record after a thousand', () => {
    const run = new Run()
    for (let at = 0; at < 1_100; at += 1) run.take({ n: 1 }, { n: 2 }, { n: 1 }, `/a/${at}`)
    const { last, mismatches } = run.findings.report()
    expect([last.length, last[0]?.path, mismatches]).toEqual([100, '/a/1099', 1_100])
  })

  it('has twenty parts at most', () => {
    const run = new Run()
    const values = Array.from({ length: 50 }, (_, at) => [`m${at}`, at] as const)
    run.take(Object.fromEntries(values), {})
    expect(run.parts).toHaveLength(20)
  })
})

describe('the record', () => {
  function shown(from: unknown, to: unknown): unknown {
    const run = new Run()
    run.take(from, to)
    return run.findings.report().last[0]?.differences[0]
  }

  it('hides members by name, on the way and inside of a value', () => {
    expect(shown({ password: 'a' }, {})).toEqual({
      part: 'body /password',
      from: '[redacted]',
      to: null,
    })
    expect(shown({ u: { name: 'n', Password: { old: 1 } } }, { u: 1 })).toEqual({
      part: 'body /u',
      from: '{"name":"n","Password":"[redacted]"}',
      to: '1',
    })
    expect(shown({ password: [{ x: 1 }] }, { password: [{ x: 2 }] })).toMatchObject({
      from: '[redacted]',
    })
  })

  it('shortens values around the first difference', () => {
    const long = 'x'.repeat(1_000)
    const { from, to } = shown({ a: `${long}1${long}` }, { a: `${long}2` }) as Record<
      string,
      string
    >
    expect([from?.length, from?.startsWith('…x'), from?.endsWith('x…')]).toEqual([202, true, true])
    expect(to?.endsWith('x2')).toBe(true)
  })

  it('shows that a text is no number', () => {
    expect(shown({ a: '5' }, { a: 5 })).toEqual({ part: 'body /a', from: '"5"', to: '5' })
  })
})
