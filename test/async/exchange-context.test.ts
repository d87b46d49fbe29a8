import { describe, expect, it } from 'vitest'
import { ServerExchangeContext } from '../../src/async/exchange-context.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { ClientDisconnectedError, ServerShutdownError } from '../../src/errors.ts'

describe('Connection', () => {
  it('makes its signal only for whoever asks for it', () => {
    const connection = new ServerExchangeContext(SILENT_LOG)
    expect(connection.watched).toBe(false)
    const { signal } = connection
    expect(connection.watched).toBe(true)
    expect(connection.signal).toBe(signal)
    expect(signal.aborted).toBe(false)
  })

  it('[3a.69] aborts the signal with the first reason, also a signal that is asked for later', () => {
    const early = new ServerExchangeContext(SILENT_LOG)
    const { signal } = early
    const late = new ServerExchangeContext(SILENT_LOG)
    const reason = new ServerShutdownError()
    for (const connection of [early, late]) {
      connection.abort(reason)
      connection.disconnect()
      expect(connection.signal.reason).toBe(reason)
    }
    expect(signal.aborted).toBe(true)
  })

  it('[3a.69] aborts with ClientDisconnectedError when the client leaves', () => {
    const connection = new ServerExchangeContext(SILENT_LOG)
    connection.disconnect()
    expect(connection.signal.reason).toBeInstanceOf(ClientDisconnectedError)
  })

  it('calls back once, in order, and at once when the client has left already', () => {
    const calls: string[] = []
    const connection = new ServerExchangeContext(SILENT_LOG)
    connection.onDisconnect(() => calls.push('a'))
    connection.onDisconnect(() => calls.push('b'))
    connection.abort(new ServerShutdownError())
    expect(calls).toEqual([])
    connection.disconnect()
    connection.disconnect()
    connection.onDisconnect(() => calls.push('late'))
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
    const connection = new ServerExchangeContext({ ...SILENT_LOG, error })
    connection.onDisconnect(fail)
    connection.onDisconnect(() => calls.push('b'))
    connection.disconnect()
    connection.onDisconnect(fail)
    expect(calls).toEqual(['b'])
    expect(logged).toEqual([broken, broken])
  })
})
