// The column of isthmus, live; and the table of all three, as `npm run remote:compare` has written it.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GROUPS } from './cases/all.ts'
import { lookAt } from './look-at.ts'
import { PAGE, pageOf, readResults, wrongReasons } from './results.ts'

const LOOK_MS = 30_000

describe.each(GROUPS)('remote(): $title', { timeout: LOOK_MS }, ({ cases }) => {
  it.each(cases)('$name: $isthmus', async (compared) => {
    expect(await lookAt('isthmus', compared)).toBe(compared.isthmus)
  })
})

describe('the table of remote(), nginx and HAProxy', () => {
  it('has the fact of isthmus that the case expects, in each row', () => {
    const { facts } = readResults()
    const wrong = GROUPS.flatMap(({ title, cases }) =>
      cases.filter(({ name, isthmus }) => facts[title]?.[name]?.isthmus !== isthmus),
    )
    expect(wrong.map(({ name }) => name)).toEqual([])
  })

  it('has a reason wherever isthmus does as neither nginx nor HAProxy does, and nowhere else', () => {
    expect(wrongReasons(readResults())).toEqual([])
  })

  it('is the page of the documentation', () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(pageOf(readResults()))
  })
})
