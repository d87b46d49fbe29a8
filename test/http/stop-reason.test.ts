// Errors that tell an app to stop, and errors of apps.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ClientDisconnectedError, ServerShutdownError } from '../../src/errors.ts'
import { isDisconnect, isSignalReason, isStop, reasonOf } from '../../src/http/stop-reason.ts'
import { judgeError } from '../../src/http/error-verdict.ts'
import { failureOf } from '../bridge/host.ts'

const gone = new ClientDisconnectedError()
const shutdown = new ServerShutdownError()

/** The error of code of Node whose signal is aborted with `reason`. */
function aborted(reason?: unknown): Promise<unknown> {
  return failureOf(sleep(1, undefined, { signal: AbortSignal.abort(reason) }))
}

describe('the leave of the client', () => {
  it('is known from the error, or from its cause', async () => {
    expect(isDisconnect(gone)).toBe(true)
    expect(isDisconnect(new Error('aborted', { cause: gone }))).toBe(true)
    expect(isDisconnect(await aborted(gone))).toBe(true)
    expect(isDisconnect(await aborted(await aborted(gone)))).toBe(true)
    expect(isDisconnect(new Error('a bug'))).toBe(false)
    expect(isDisconnect(undefined)).toBe(false)
  })
})

describe('the reason of a signal', () => {
  it('is the cause of the AbortError that Node makes', async () => {
    expect(reasonOf(await aborted(shutdown))).toBe(shutdown)
    expect(isSignalReason(await aborted(shutdown))).toBe(true)
    expect(isSignalReason(await aborted())).toBe(false)
    expect(isSignalReason(await aborted(new Error('a bug')))).toBe(false)
    expect(judgeError(await aborted(shutdown))).toEqual(judgeError(shutdown))
  })

  it('may be lost in a signal of the app, if the exchange is over', async () => {
    expect(isStop(await aborted())).toBe(true)
    expect(isStop(await aborted(gone))).toBe(true)
    expect(isStop(await aborted(new Error('a bug')))).toBe(false)
    expect(isStop(new Error('a bug', { cause: shutdown }))).toBe(false)
  })

  it('is found in an error whose causes form a circle', () => {
    const error = new DOMException('round', 'AbortError')
    Object.assign(error, { cause: error })
    expect(isStop(error)).toBe(true)
    expect(isSignalReason(error)).toBe(false)
  })
})
