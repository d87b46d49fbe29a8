// The access log says what the server does: this holds the two together.

import { describe, expect, it } from 'vitest'
import {
  AppError,
  AppTimeoutError,
  BadRequestError,
  BodyTimeoutError,
  BodyTooLargeError,
  ClientDisconnectedError,
  PoolFullError,
  ServerShutdownError,
  ThreadCrashedError,
  UnavailableError,
  UnsupportedScopeError,
} from '../../src/errors.ts'
import { answerStatus, replacesStart } from '../../src/chain/server-answer.ts'
import { judge } from '../../src/server/verdict.ts'
import { httpScope } from '../bridge/host.ts'

const ERRORS: unknown[] = [
  new Error('a bug'),
  new AppError('a breach'),
  new AppTimeoutError('slow'),
  new BadRequestError('what?', 421),
  new BodyTimeoutError(1),
  new BodyTooLargeError(1),
  new ClientDisconnectedError(),
  new PoolFullError('full'),
  new ServerShutdownError(),
  new ThreadCrashedError('gone'),
  new UnavailableError('busy'),
  new UnsupportedScopeError('websocket'),
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
