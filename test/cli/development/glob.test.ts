// Patterns of files, and the paths that they match.

import { describe, expect, it } from 'vitest'
import { globTest } from '../../../src/cli/development/glob.ts'

describe('a pattern of files', () => {
  it('has * for a part of a name, ** for folders, ? for a character, and {a,b} for texts', () => {
    const cases: Array<[pattern: string, path: string, isMatch: boolean]> = [
      ['*.html', 'page.html', true],
      ['*.html', 'views/page.html', false],
      ['**/*.html', 'page.html', true],
      ['**/*.html', 'views/desk/page.html', true],
      ['views/**', 'views/desk/page.html', true],
      ['views/**', 'other/page.html', false],
      ['./views/?.css', 'views/a.css', true],
      ['views/?.css', 'views/ab.css', false],
      ['**/*.{html,css}', 'views/a.css', true],
      ['**/*.{html,css}', 'views/a.js', false],
      ['a+b(c).txt', 'a+b(c).txt', true],
      ['a.c', 'abc', false],
      ['{a', '{a', true],
    ]
    for (const [pattern, path, isMatch] of cases) {
      expect([pattern, path, globTest(pattern)(path)]).toEqual([pattern, path, isMatch])
    }
  })
})
