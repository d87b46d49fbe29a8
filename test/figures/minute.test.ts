// The ring of the last minute, with a clock of the test.

import { describe, expect, it } from 'vitest'
import { Minute } from '../../src/figures/minute.ts'

const lists = { make: (): string[] => [], clear: (list: string[]) => void (list.length = 0) }

describe('the last minute', () => {
  it('forgets a window when the minute after it is over', () => {
    const minute = new Minute(lists, 0)
    minute.at(1_000).push('first')
    minute.at(12_000).push('second')
    expect(minute.recent(59_999).flat()).toEqual(['first', 'second'])
    expect(minute.recent(60_000).flat()).toEqual(['second'])
    expect(minute.recent(70_000).flat()).toEqual([])
  })

  it('uses the place of an old window again', () => {
    const minute = new Minute(lists, 0)
    const first = minute.at(0)
    first.push('old')
    expect(minute.at(60_000)).toBe(first)
    expect(first).toEqual([])
  })

  it('covers the time since the start, and 50 to 60 seconds later on', () => {
    const minute = new Minute(lists, 3_000)
    expect(minute.coveredMs(3_000)).toBe(1)
    expect(minute.coveredMs(8_000)).toBe(5_000)
    expect(minute.coveredMs(60_000)).toBe(50_000)
    expect(minute.coveredMs(69_000)).toBe(59_000)
  })
})
