// A time in the tables of the command line.

import { expect, it } from 'vitest'
import { milliseconds } from '../../src/cli/milliseconds.ts'

it.each<[value: number, text: string]>([
  [0, '0.000 ms'],
  [0.0124, '0.012 ms'],
  [3.44, '3.4 ms'],
  [209.6, '210 ms'],
])('%f is %s', (value, text) => {
  expect(milliseconds(value)).toBe(text)
})
