// The tables of docs/middleware-set.md list the options of the middleware.

import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as bundled from '../../src/middleware.ts'

const PAGE = readFileSync(new URL('../../docs/middleware-set.md', import.meta.url), 'utf8')
const SECTIONS = PAGE.split(/^## /m)
  .slice(1)
  .map((text) => ({ name: /^(\w+)\(\)/.exec(text)?.[1] ?? '', text }))
  .filter(({ name }) => name !== '')

/** The options of a middleware, as the error for an unknown option lists them. */
function optionsOf(name: string): string[] {
  const make = Reflect.get(bundled, name) as (options: object) => unknown
  try {
    make({ unheardOf: 1 })
  } catch (error) {
    const [, names = ''] = /the options are (.*)$/.exec((error as Error).message) ?? []
    return names.split(', ')
  }
  throw new Error(`${name}() takes unknown options`)
}

describe('the table of', () => {
  it.each(SECTIONS)('$name has each option, in the order of the code', ({ name, text }) => {
    const table = /^\| Option [^]*?(?=\n\n|$(?![^]))/m.exec(text)?.[0] ?? ''
    const rows = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, option]) => option)
    expect(rows).toEqual(optionsOf(name))
  })
})

const SRC = new URL('../../src/', import.meta.url)
// Options that only our own code passes.
const NOT_FOR_USERS = /^(?:cli|sync)\//
const OPTIONS = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !NOT_FOR_USERS.test(path))
  .flatMap((path) => {
    const text = readFileSync(new URL(path, SRC), 'utf8')
    const found = text.matchAll(/^export interface (\w+Options) [^]*?^}/gm)
    return [...found].map(([body, type]) => ({ type, body }))
  })

// Under exactOptionalPropertyTypes a caller can pass on an option that it does not have only if the type says so.
describe('each option of', () => {
  it.each(OPTIONS)('$type may be undefined', ({ body }) => {
    const optional = [...body.matchAll(/^ {2}(\w+)\?: (.*)$/gm)]
    expect(optional).not.toEqual([])
    const strict = optional.filter(([, , type]) => !type?.endsWith('| undefined'))
    expect(strict.map(([, option]) => option)).toEqual([])
  })
})
