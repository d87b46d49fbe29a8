// docs/ARCHITECTURE.md tells the truth: each source file has a suite, and each file and folder that the page names exists.

import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { outdated, readGuards, unguarded } from './guards.ts'
import { filesOfProse } from './project-prose.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(`${ROOT}/docs/ARCHITECTURE.md`, 'utf8')
const SOURCES = filesOfProse(['src']).filter((path) => path.endsWith('.ts') && exists(path))
const SUITES = filesOfProse(['test']).filter((path) => path.endsWith('.test.ts') && exists(path))

describe('docs/ARCHITECTURE.md', () => {
  const guards = readGuards(PAGE)

  it('names a suite for each source file that has none at the same path', () => {
    expect(unguarded(SOURCES, SUITES, guards)).toEqual([])
  })

  it('names no sources and no suites that are gone', () => {
    expect(outdated(SOURCES, SUITES, guards)).toEqual([])
  })

  it('names only files that exist', () => {
    const named = PAGE.match(/(?<=`)(?:src|test)\/[\w/.-]+(?=`)/g) ?? []
    expect(named.length).toBeGreaterThan(50)
    expect(named.filter((path) => !exists(path))).toEqual([])
  })

  it('describes each folder of src', () => {
    const described = [...PAGE.matchAll(/^\| `(src[\w/-]*)` \|/gm)].map(([, folder]) => folder)
    const folders = new Set(SOURCES.map((path) => posix.dirname(path)))
    expect([...folders].filter((folder) => !described.includes(folder))).toEqual([])
  })
})

describe('the reader of guards', () => {
  const page = [
    '| Sources | Suites |',
    '| `src/a.ts`, `src/b/*.ts` | `test/b`, `test/raw/c.test.ts` |',
    '| `src/d/**/*.ts` | `test/d.test.ts` |',
    '| `src/e` | a folder of another table |',
  ].join('\n')
  const guards = readGuards(page)

  it('takes rows of sources and suites', () => {
    expect(guards).toEqual([
      { patterns: ['src/a.ts', 'src/b/*.ts'], suites: ['test/b', 'test/raw/c.test.ts'] },
      { patterns: ['src/d/**/*.ts'], suites: ['test/d.test.ts'] },
    ])
  })

  it('finds the source without a suite', () => {
    const sources = [
      'src/a.ts',
      'src/b/x.ts',
      'src/b/c/x.ts',
      'src/d/x.ts',
      'src/d/e/f/x.ts',
      'src/m.ts',
    ]
    expect(unguarded(sources, ['test/m.test.ts'], guards)).toEqual(['src/b/c/x.ts'])
  })

  it('finds a row that is out of date', () => {
    const suites = ['test/b/x.test.ts', 'test/d.test.ts']
    expect(outdated(['src/a.ts', 'src/d/x.ts'], suites, guards)).toEqual([
      'src/b/*.ts',
      'test/raw/c.test.ts',
    ])
  })
})

function exists(path: string): boolean {
  return existsSync(`${ROOT}/${path}`)
}
