// What ships is made of what everybody has: an outside author can write the same.

import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { publicNames } from '../architecture/rules.ts'
import { parseSource } from '../architecture/source-file.ts'

const SRC = new URL('../../src/', import.meta.url)
const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => parseSource(path, readFileSync(new URL(path, SRC), 'utf8')))
const PUBLIC = new Set(
  ['index.ts', 'middleware.ts'].flatMap((entry) => publicNames(sources, entry)),
)

const BUNDLED = [
  'access-log',
  'basic-auth',
  'forwarded',
  'https-redirect',
  'request-id',
  'trusted-host',
]

describe('a bundled middleware', () => {
  it.each(BUNDLED)('%s imports only what is public', (name) => {
    const file = sources.find(({ path }) => path === `middleware/${name}.ts`)
    const imported = file?.imports.flatMap(({ names }) => names) ?? []
    expect(imported).toContain('middleware')
    expect(imported.filter((own) => !PUBLIC.has(own))).toEqual([])
  })
})
