// The one judgement of errors: the server, the chain and errorPage() ask it.

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
import { judgeError } from '../../src/http/error-verdict.ts'

const VERDICTS: Array<[error: unknown, status: number, level: string, closes: boolean]> = [
  [new Error('a bug'), 500, 'error', false],
  [new AppError('a breach'), 500, 'error', false],
  [new AppTimeoutError('slow'), 504, 'warn', false],
  [new BadRequestError('what?', 421), 421, 'info', true],
  [new BodyTimeoutError(1), 408, 'info', true],
  [new BodyTooLargeError(1), 413, 'info', true],
  [new ClientDisconnectedError(), 500, 'error', false],
  [new PoolFullError('full'), 503, 'warn', false],
  [new ServerShutdownError(), 503, 'info', true],
  [new ThreadCrashedError('gone'), 500, 'warn', false],
  [new UnavailableError('busy'), 503, 'warn', false],
  [new UnsupportedScopeError('websocket'), 404, 'info', false],
  [undefined, 500, 'error', false],
  ['text', 500, 'error', false],
]

describe('judgeError()', () => {
  it.each(VERDICTS)('judges %s: %i, %s, closes the connection: %s', (error, ...verdict) => {
    const { status, level, closesConnection } = judgeError(error)
    expect([status, level, closesConnection]).toEqual(verdict)
  })
})
