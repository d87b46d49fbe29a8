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

const SHIPPING = parseSource('middleware.ts', readFileSync(new URL('middleware.ts', SRC), 'utf8'))
const BUNDLED = [
  'access-log',
  'basic-auth',
  'body-limit',
  'compress',
  'cors',
  'error-page',
  'forwarded',
  'https-redirect',
  'request-id',
  'timeout',
  'trusted-host',
]
/** Files that are of one middleware alone, as an outside author may have some. */
const PARTS = ['encoder', 'error-report']

const pathOf = (name: string): string => `middleware/${name}.ts`
const importsOf = (name: string) =>
  sources.find(({ path }) => path === pathOf(name))?.imports.filter(isNotPart) ?? []
const isNotPart = ({ target }: { target: string }): boolean => !PARTS.map(pathOf).includes(target)

describe('a bundled middleware', () => {
  it('is each of those that are exported as an option-taking factory', () => {
    const factories = SHIPPING.exports.filter(({ name }) => /^[A-Z]\w+Options$/.test(name))
    const files = new Set(factories.map(({ from }) => from))
    expect(files).toEqual(new Set(BUNDLED.map(pathOf)))
  })

  it.each(BUNDLED)('%s imports only what is public', (name) => {
    const imported = importsOf(name).flatMap(({ names }) => names)
    expect(imported).toContain('middleware')
    expect(imported.filter((own) => !PUBLIC.has(own))).toEqual([])
  })

  it.each(PARTS)('has in %s, a part of its own, only what is public, too', (name) => {
    const imported = importsOf(name).flatMap(({ names }) => names)
    expect(imported.filter((own) => !PUBLIC.has(own))).toEqual([])
  })
})
