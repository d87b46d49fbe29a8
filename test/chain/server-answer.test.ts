// The access log says what the server does: this holds the two together.

import { describe, expect, it } from 'vitest'
import {
  AppFault,
  AppTimeout,
  BadRequest,
  BodyTimeout,
  BodyTooLarge,
  ClientDisconnected,
  PoolFull,
  ServerShutdown,
  ThreadCrashed,
  Unavailable,
  UnsupportedScope,
} from '../../src/errors.ts'
import { answerStatus, replacesStart } from '../../src/chain/server-answer.ts'
import { judge } from '../../src/server/verdict.ts'
import { httpScope } from '../bridge/host.ts'

const ERRORS: unknown[] = [
  new Error('a bug'),
  new AppFault('a breach'),
  new AppTimeout('slow'),
  new BadRequest('what?', 421),
  new BodyTimeout(1),
  new BodyTooLarge(1),
  new ClientDisconnected(),
  new PoolFull('full'),
  new ServerShutdown(),
  new ThreadCrashed('gone'),
  new Unavailable('busy'),
  new UnsupportedScope('websocket'),
  undefined,
  'text',
]

describe('the status of an answer that the server gives for the app', () => {
  it("is the server's own verdict, for every error", () => {
    const verdicts = ERRORS.map((error) => {
      const { status, closes } = judge(error)
      return [error, status, closes]
    })
    const logged = ERRORS.map((error) => {
      const end = { threw: true, error } as const
      return [error, answerStatus(httpScope(), end), replacesStart(end)]
    })
    expect(logged).toEqual(verdicts)
  })

  it('is 500 for an app that returned without one', () => {
    expect(answerStatus(httpScope(), { threw: false })).toBe(500)
    expect(replacesStart({ threw: false })).toBe(false)
  })
})
