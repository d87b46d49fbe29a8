import { describe, expect, it, vi } from 'vitest'
import { ServerExchangeContext } from '../../src/async/exchange-context.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { ClientDisconnectedError, ServerShutdownError } from '../../src/errors.ts'
import type { ResponseEnd } from '../../src/contract/events.ts'

describe('ServerExchangeContext', () => {
  it('makes its signal when the app asks for it', () => {
    const context = new ServerExchangeContext(SILENT_LOG)
    expect(context.watched).toBe(false)
    const { signal } = context
    expect(context.watched).toBe(true)
    expect(context.signal).toBe(signal)
    expect(signal.aborted).toBe(false)
  })

  it('[3a.69] aborts the signal with the first reason, also a signal that the app takes later', () => {
    const early = new ServerExchangeContext(SILENT_LOG)
    const { signal } = early
    const late = new ServerExchangeContext(SILENT_LOG)
    const reason = new ServerShutdownError()
    for (const context of [early, late]) {
      context.abort(reason)
      context.disconnect()
      expect(context.signal.reason).toBe(reason)
    }
    expect(signal.aborted).toBe(true)
  })

  it('[3a.69] aborts with ClientDisconnectedError when the client leaves', () => {
    const context = new ServerExchangeContext(SILENT_LOG)
    context.disconnect()
    expect(context.signal.reason).toBeInstanceOf(ClientDisconnectedError)
  })

  it('calls back once, in order, and at once when the client has left already', () => {
    const calls: string[] = []
    const context = new ServerExchangeContext(SILENT_LOG)
    context.onDisconnect(() => calls.push('a'))
    context.onDisconnect(() => calls.push('b'))
    context.abort(new ServerShutdownError())
    expect(calls).toEqual([])
    context.disconnect()
    context.disconnect()
    context.onDisconnect(() => calls.push('late'))
    expect(calls).toEqual(['a', 'b', 'late'])
  })

  it('[3b.7] logs a callback that throws, and calls the others', () => {
    const logged: unknown[] = []
    const error = (fields: Record<string, unknown>): void => void logged.push(fields['err'])
    const broken = new Error('broken')
    const fail = (): void => {
      throw broken
    }
    const calls: string[] = []
    const context = new ServerExchangeContext({ ...SILENT_LOG, error })
    context.onDisconnect(fail)
    context.onDisconnect(() => calls.push('b'))
    context.disconnect()
    context.onDisconnect(fail)
    expect(calls).toEqual(['b'])
    expect(logged).toEqual([broken, broken])
  })

  it('calls back for a shutdown while the client is there, and not for a client that has left', () => {
    const calls: string[] = []
    const context = new ServerExchangeContext(SILENT_LOG)
    context.onShutdown(() => calls.push('early'))
    context.abort(new ServerShutdownError())
    context.onShutdown(() => calls.push('late'))
    context.disconnect()
    context.onShutdown(() => calls.push('too late'))
    expect(calls).toEqual(['early', 'late'])

    const left = new ServerExchangeContext(SILENT_LOG)
    left.disconnect()
    left.onShutdown(() => calls.push('left'))
    expect(calls).toEqual(['early', 'late'])
  })

  it('says its reason without making the signal', () => {
    const context = new ServerExchangeContext(SILENT_LOG)
    expect(context.reason).toBeUndefined()
    context.disconnect()
    expect(context.reason).toBeInstanceOf(ClientDisconnectedError)
    expect(context.watched).toBe(false)
  })
})

describe('the end of an exchange', () => {
  const END = {
    outcome: 'complete',
    status: 200,
    bytes: 5,
    code: undefined,
    error: undefined,
  } as const

  it('calls back once, the last callback first, and at once after the end', () => {
    const calls: unknown[] = []
    const context = new ServerExchangeContext(SILENT_LOG)
    expect(context.hasEndListeners).toBe(false)
    context.onEnd((end) => calls.push('a', end))
    context.onEnd(() => calls.push('b'))
    expect(context.hasEndListeners).toBe(true)
    context.finish({ end: END })
    context.finish({ end: { ...END, status: 500 } })
    expect(calls).toEqual(['b', 'a', END])
    context.onEnd(({ status }) => calls.push(status))
    expect(calls.at(-1)).toBe(200)
  })

  it('is not built without a callback', () => {
    const build = vi.fn<() => ResponseEnd>(() => END)
    const ending = {
      get end() {
        return build()
      },
    }
    new ServerExchangeContext(SILENT_LOG).finish(ending)
    expect(build).not.toHaveBeenCalled()
  })

  it('skips no callback after one that throws, and logs the error', () => {
    const error = vi.fn<() => void>()
    const calls: string[] = []
    const context = new ServerExchangeContext({ ...SILENT_LOG, error })
    context.onEnd(() => calls.push('first'))
    context.onEnd(() => {
      throw new Error('broken')
    })
    context.finish({ end: END })
    expect(calls).toEqual(['first'])
    expect(error).toHaveBeenCalledOnce()
  })
})
