import { describe, expect, it } from 'vitest'
import { UnsupportedScopeError } from '../../../src/errors.ts'
import { event, hearing, lifespanScope, saying, underLint } from './stage.ts'
import type { EventApp, ReceiveEvent, SendEvent } from '../../../src/contract/events.ts'

const START = event('http.response.start', { status: 200 })

describe('a lifespan under lint', () => {
  const STARTUP = event('lifespan.startup')
  const SHUTDOWN = event('lifespan.shutdown')
  const UP = event('lifespan.startup.complete')
  const DOWN = event('lifespan.shutdown.complete')
  const whole: EventApp = async (_scope, receive, send) => {
    await receive()
    await send(UP)
    await receive()
    await send(DOWN)
  }
  const run = (app: EventApp, events: ReceiveEvent[] = [STARTUP, SHUTDOWN]): Promise<SendEvent[]> =>
    underLint(app, lifespanScope(), events)

  it('[3b.59, 3b.63] is one startup and one shutdown, each answered', async () => {
    expect(await run(whole)).toEqual([UP, DOWN])
  })

  it('[3b.60] may fail to start', async () => {
    const failed = event('lifespan.startup.failed', { message: 'no database' })
    expect(await run(hearing(1, failed))).toEqual([failed])
  })

  it('[3b.61] may be refused', async () => {
    const refusing: EventApp = (scope) => Promise.reject(new UnsupportedScopeError(scope.type))
    await expect(run(refusing)).rejects.toThrow(UnsupportedScopeError)
  })

  it('[3b.62] is not left by returning', async () => {
    await expect(run(saying())).rejects.toThrow(
      'an app without lifespan throws UnsupportedScopeError',
    )
    await expect(run(hearing(1, UP))).rejects.toThrow(
      'lifespan.shutdown.complete after lifespan.shutdown',
    )
  })

  it('[3b.66] is answered in its order', async () => {
    await expect(run(saying(UP))).rejects.toThrow('before lifespan.startup; await receive() first')
    await expect(run(hearing(1, DOWN))).rejects.toThrow('illegal while the lifespan is starting')
    await expect(run(hearing(1, UP, UP))).rejects.toThrow('illegal while the lifespan is started')
    await expect(run(hearing(1, UP, START))).rejects.toThrow('"http.response.start" is illegal')
  })

  it('[3b.59] is played in its order by the server', async () => {
    await expect(run(whole, [SHUTDOWN])).rejects.toThrow(
      'server broke the order of events: "lifespan.shutdown" came; expected lifespan.startup',
    )
    await expect(run(whole, [STARTUP])).rejects.toThrow('expected lifespan.shutdown')
    await expect(run(hearing(2), [STARTUP, SHUTDOWN])).rejects.toThrow(
      'expected nothing before the answer',
    )
  })
})
