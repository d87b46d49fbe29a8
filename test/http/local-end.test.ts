import { describe, expect, it } from 'vitest'
import { ClientDisconnectedError, UnavailableError } from '../../src/errors.ts'
import { localEnd } from '../../src/http/local-end.ts'

const WHOLE = { method: 'GET', status: 200, bytes: 5, error: undefined }
const BUG = new Error('a bug')
const GONE = new ClientDisconnectedError()
const BUSY = new UnavailableError('busy')

describe('the end in the view of the code that makes the response', () => {
  it.each([
    ['complete without an error', {}, 'complete', 200, 5],
    ['complete with unknown bytes', { bytes: null }, 'complete', 200, null],
    ['without bytes for HEAD', { method: 'HEAD' }, 'complete', 200, 0],
    ['without bytes for 204', { status: 204 }, 'complete', 204, 0],
    ['without bytes for 304', { status: 304, bytes: null }, 'complete', 304, 0],
    ['disconnected if the client left', { error: GONE }, 'disconnected', 200, 5],
    [
      'disconnected before the head',
      { status: null, bytes: 0, error: GONE },
      'disconnected',
      null,
      0,
    ],
    ['aborted after the head', { error: BUG }, 'aborted', 200, 5],
    ['an answer of the server', { status: null, bytes: 0, error: BUG }, 'complete', 500, null],
    ['an answer with the status', { status: null, error: BUSY }, 'complete', 503, null],
  ])('is %s', (_title, facts, outcome, status, bytes) => {
    const { error } = { ...WHOLE, ...facts }
    expect(localEnd({ ...WHOLE, ...facts })).toEqual({
      outcome,
      status,
      bytes,
      code: undefined,
      error,
    })
  })
})
