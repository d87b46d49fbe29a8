import { STATUS_CODES } from 'node:http'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rawHead } from '../../src/server/raw-head.ts'

// Few fields, so that heads repeat each other's lines in the same places and in other places.
const field = fc.tuple(
  fc.constantFrom('date', 'server', 'x'),
  fc.constantFrom('', '1', '2', 'caf\xe9'),
)
const head = fc.record({
  status: fc.constantFrom(200, 404, 999),
  headers: fc.array(field, { maxLength: 20 }),
})

it('writes every line of every head, independent of the lines in the heads before', () => {
  fc.assert(
    fc.property(fc.array(head, { minLength: 1, maxLength: 20 }), (heads) => {
      for (const { status, headers } of heads) {
        const reason = STATUS_CODES[status] ?? ''
        const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
        expect(rawHead(status, headers)).toBe(`HTTP/1.1 ${status} ${reason}\r\n${lines}\r\n`)
      }
    }),
    { seed: 5, numRuns: 300 },
  )
})
