import { expect, test } from 'vitest'
import { Tally } from './tally.ts'

test('a tally counts the wanted outcome, and has one line for each kind of fault', () => {
  const tally = new Tally()
  tally.count('200', '200', 'nginx')
  tally.count('502', '200', 'nginx')
  tally.count('502', '200', 'nginx')
  tally.count('502', '200', 'haproxy')

  expect(String(tally)).toBe('1 of 4')
  expect(tally.faults()).toEqual([
    'nginx: 502 in place of 200, 2 ×',
    'haproxy: 502 in place of 200, 1 ×',
  ])
})

test('a tally without a fault has no lines', () => {
  const tally = new Tally()
  tally.count('413', '413', 'direct')
  expect(tally.faults()).toEqual([])
})
