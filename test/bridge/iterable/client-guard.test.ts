import { describe, expect, it } from 'vitest'
import { ServerExchangeContext } from '../../../src/async/exchange-context.ts'
import { ClientGuard } from '../../../src/bridge/iterable/client-guard.ts'
import { ClientDisconnectedError } from '../../../src/errors.ts'
import { SILENT_LOG } from '../../../src/silent-log.ts'

const never = new Promise<never>(() => undefined)

describe('ClientGuard', () => {
  it('settles as the work does', async () => {
    const guard = new ClientGuard(new ServerExchangeContext(SILENT_LOG))
    await expect(guard.wait(Promise.resolve(1))).resolves.toBe(1)
    await expect(guard.wait(2)).resolves.toBe(2)
    await expect(guard.wait(Promise.reject(new Error('boom')))).rejects.toThrow('boom')
    expect(guard.clientGone).toBe(false)
  })

  it('ends a wait when the client leaves', async () => {
    const exchange = new ServerExchangeContext(SILENT_LOG)
    const guard = new ClientGuard(exchange)
    const waiting = guard.wait(never)
    exchange.disconnect()
    await expect(waiting).rejects.toThrow(ClientDisconnectedError)
    expect(guard.clientGone).toBe(true)
  })

  it('refuses a wait after the client has left', async () => {
    const exchange = new ServerExchangeContext(SILENT_LOG)
    exchange.disconnect()
    await expect(new ClientGuard(exchange).wait(never)).rejects.toThrow(ClientDisconnectedError)
  })

  it('waits without a limit under a host that is not isthmus', async () => {
    await expect(new ClientGuard(undefined).wait(Promise.resolve(1))).resolves.toBe(1)
  })
})
