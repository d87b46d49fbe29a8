// The tables of docs/middleware-set.md list the options of the middleware.

import { readFileSync } from 'node:fs'
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
