// The columns of a table.

import { expect, it } from 'vitest'
import { aligned } from '../../src/cli/aligned.ts'

it('columns of texts begin at one place, and those of numbers end at one place', () => {
  const rows = [
    ['name', 'kind', 'count'],
    ['a', 'longer', '7'],
    ['bcdef', '', '1000000'],
  ]
  expect(aligned(rows, 2)).toEqual([
    'name   kind      count',
    'a      longer        7',
    'bcdef          1000000',
  ])
})
