// The corpus against the parser: whole, byte by byte, and cut at every offset.

import { describe, expect, it } from 'vitest'
import { CORPUS } from '../../../raw/corpus/corpus.ts'
import { cut, readPieces, single } from './read-requests.ts'
import type { CorpusCase, ExpectedRequest } from '../../../raw/corpus/case.ts'
import type { Reading } from './read-requests.ts'

// Longer bytes are cut at every offset near their ends and at every 97th between them.
const LONG = 2_000
const NEAR = 64
const STRIDE = 97

const all = Object.values(CORPUS).flat()

describe('the corpus', () => {
  it('has more than 700 cases, each with a name and bytes of its own', () => {
    expect(all.length).toBeGreaterThan(700)
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
    expect(all.filter(({ bytes }) => /[^\x00-\xff]/.test(bytes))).toEqual([])
  })
})

describe.each(Object.entries(CORPUS))('of %s', (_topic, cases) => {
  it.each(cases.map((entry) => [entry.name, entry] as const))('%s', (_name, entry) => {
    const bytes = Buffer.from(entry.bytes, 'latin1')
    const whole = readPieces([bytes])
    expect(comparable(whole, entry)).toEqual(expected(entry))

    expect(readPieces(single(bytes))).toEqual(whole)
    for (const at of offsets(bytes.length)) {
      expect([at, readPieces(cut(bytes, [at]))]).toEqual([at, whole])
    }
  })
})

/** The parts of a reading that the case names. */
function comparable(
  { requests, then }: Reading,
  entry: CorpusCase,
): Pick<CorpusCase, 'requests' | 'then'> {
  return {
    then,
    requests: requests.map((request, index) => {
      const asked = Object.keys(complete(entry.requests[index] ?? {}))
      return Object.fromEntries(Object.entries(request).filter(([name]) => asked.includes(name)))
    }),
  }
}

function expected({ requests, then }: CorpusCase): Pick<CorpusCase, 'requests' | 'then'> {
  return { then, requests: requests.map(complete) }
}

function complete(request: ExpectedRequest): ExpectedRequest {
  return { method: 'GET', body: '', ...request }
}

function offsets(length: number): number[] {
  return Array.from({ length }, (_, at) => at).filter(
    (at) => length <= LONG || at < NEAR || at > length - NEAR || at % STRIDE === 0,
  )
}
