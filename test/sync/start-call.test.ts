// Whether the app may call startResponse: one rule for the server and for a chain.

import { describe, expect, it } from 'vitest'
import { checkStartCall, missingHead } from '../../src/sync/start-call.ts'

const BUG = new Error('a bug')

describe('a call of startResponse', () => {
  it('is legal once without an error, and again with one until the commit', () => {
    expect(() => checkStartCall(false, false, undefined)).not.toThrow()
    expect(() => checkStartCall(true, false, BUG)).not.toThrow()
  })

  it.each([undefined, null])('is illegal a second time with %s as error', (excInfo) => {
    expect(() => checkStartCall(true, false, excInfo)).toThrow(/startResponse was called twice/)
    expect(() => checkStartCall(true, true, excInfo)).toThrow(/startResponse was called twice/)
  })

  it('after the commit throws the error that it was given', () => {
    expect(() => checkStartCall(true, true, BUG)).toThrow(BUG)
  })
})

describe('a body without a head', () => {
  it('is an error that says why the head is missing', () => {
    expect(missingHead(false).message).toMatch('startResponse was not called')
    expect(missingHead(true).message).toMatch('the last call of startResponse failed')
  })
})
