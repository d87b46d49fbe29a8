import { describe, expect, it } from 'vitest'
import { ServerShutdownError, UnavailableError } from '../../../src/errors.ts'
import {
  farewellAfter,
  GOING_AWAY,
  momentOf,
  obeys,
} from '../../../src/server/websocket/farewell.ts'
import type { WebSocketExchange } from '../../../src/async/websocket-exchange.ts'

describe('the moment of a WebSocket', () => {
  it.each<[string, WebSocketExchange['state'], boolean, boolean]>([
    ['unanswered', 'connecting', true, false],
    ['unanswered', 'denying', true, false],
    ['denying', 'denying', false, false],
    ['over', 'denying', false, true],
    ['open', 'open', false, false],
    ['over', 'closing', false, false],
    ['over', 'closed', false, false],
    ['over', 'disconnected', false, false],
  ])('is %s in the state %s, unanswered: %s, failed: %s', (moment, state, unanswered, failed) => {
    expect(momentOf({ state, unanswered, failed })).toBe(moment)
  })
})

describe('the farewell to an app that threw', () => {
  it('has the status of the error, and 1011', () => {
    expect(farewellAfter(new UnavailableError('busy'), true)).toEqual({
      status: 503,
      code: 1011,
      reason: '',
    })
    expect(farewellAfter(undefined, false)).toEqual({ status: 500, code: 1011, reason: '' })
  })

  it('is that of a shutdown for the reason of the signal, in a shutdown only', () => {
    const reason = new ServerShutdownError()
    expect(farewellAfter(reason, true)).toBe(GOING_AWAY)
    expect(farewellAfter(reason, false)).toMatchObject({ status: 503, code: 1011 })
    expect([obeys(reason, true), obeys(reason, false), obeys('x', true)]).toEqual([
      true,
      false,
      false,
    ])
  })
})
