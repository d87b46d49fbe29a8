// The reader of the plain-language rule: the texts that it takes from a file, and the phrases that it reports.

import { describe, expect, it } from 'vitest'
import { proseOfPage, riddles, wordCount } from './plain-language.ts'
import { filesOfProse, proseOf } from './project-prose.ts'
import { parseSource } from './source-file.ts'
import type { Prose } from './plain-language.ts'

const at = (text: string): Prose[] => [{ line: 1, text }]

describe('the rule of plain language', () => {
  it('reports a phrase with its line and a rewrite', () => {
    expect(riddles('a.ts', [{ line: 3, text: ' First.\n Of it nobody knows.' }])).toEqual([
      'a.ts:4 says "nobody": name the party: "nobody reads it" → "the app does not read it"',
      'a.ts:4 says "Of it": name the thing: "a part of it" → "a part of the body"',
      'a.ts:4 says "Of": begin with the subject: "Of a connection under TLS." → "The facts of a TLS connection."',
    ])
  })

  it('allows "behind" for a proxy, and not for time', () => {
    expect(riddles('a.md', at('An app behind a proxy, or behind nginx.'))).toEqual([])
    expect(riddles('a.md', at('The bytes behind the head.'))).toHaveLength(1)
  })

  it('allows code, quoted words, targets of links and the code blocks of a page', () => {
    expect(riddles('a.ts', at('`what` and "whoever" and [a page](page.md#what-it-is)'))).toEqual([])
    expect(riddles('a.md', proseOfPage('One.\n```ts\n// nobody\n```\nTwo.'))).toEqual([])
  })

  it('counts words without code', () => {
    expect(wordCount(at('Three words here: `const a = 1`'))).toBe(3)
  })
})

// The test reads every file of the project.
describe('the comments, titles and pages of the project', { timeout: 60_000 }, () => {
  it('are in plain language', () => {
    const paths = filesOfProse(['.'])
    expect(paths).toContain('README.md')
    expect(paths.flatMap((path) => riddles(path, proseOf(path)))).toEqual([])
  })
})

describe('the reader of sources', () => {
  it('finds the titles of tests, also of tables and of templates', () => {
    const text = [
      "describe('a', () => {",
      "  it('b', { timeout: 1 }, () => {})",
      "  it.each([1])('c %s', () => {})",
      "  test.skipIf(true)('d', () => {})",
      '  it(`e ${1} f`, () => {})',
      "  expect('not a title')",
      '  it(name, () => {})',
      '})',
    ].join('\n')
    expect(parseSource('a.test.ts', text).titles).toEqual([
      { line: 1, text: 'a' },
      { line: 2, text: 'b' },
      { line: 3, text: 'c %s' },
      { line: 4, text: 'd' },
      { line: 5, text: 'e … f' },
    ])
  })
})
