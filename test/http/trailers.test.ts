import { describe, expect, it } from 'vitest'
import { InvalidHeaderError } from '../../src/errors.ts'
import { checkedTrailers } from '../../src/http/trailers.ts'

describe('checkedTrailers()', () => {
  it('copies trailers with lower-case names', () => {
    expect(checkedTrailers([['Checksum', 'abc']])).toEqual([['checksum', 'abc']])
  })

  it.each(['Content-Length', 'transfer-encoding', 'HOST', 'set-cookie', 'trailer'])(
    'refuses %s, which must come before the body',
    (name) => {
      expect(() => checkedTrailers([[name, 'x']])).toThrow(
        new InvalidHeaderError(`"${name.toLowerCase()}" must not be a trailer (RFC 9110, 6.5.1)`),
      )
    },
  )
})
