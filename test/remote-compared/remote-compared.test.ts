// The column of isthmus, live, against results.json; and the page that `npm run remote:compare` has written.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GROUPS } from './cases/all.ts'
import { lookAt } from './look-at.ts'
import { PAGE, pageOf, readResults, wrongReasons } from './results.ts'

const LOOK_MS = 30_000

const { facts } = readResults()

describe.each(GROUPS)('remote(): $title', { timeout: LOOK_MS }, ({ title, cases }) => {
  it.each(cases)('$name', async (compared) => {
    expect(await lookAt('isthmus', compared)).toBe(facts[title]?.[compared.name]?.isthmus)
  })
})

describe('the table of remote(), nginx and HAProxy', () => {
  it('has a reason wherever isthmus does as neither nginx nor HAProxy does, and nowhere else', () => {
    expect(wrongReasons(readResults())).toEqual([])
  })

  it('is the page of the documentation', () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(pageOf(readResults()))
  })
})
