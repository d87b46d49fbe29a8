import { describe, expect, it } from 'vitest'
import { LifespanExchange } from '../../src/async/lifespan-exchange.ts'
import { startLifespan } from '../../src/async/lifespan.ts'
import { IllegalEventError, LifespanError, UnsupportedScopeError } from '../../src/errors.ts'
import type { Lifespan } from '../../src/async/lifespan.ts'
import type { EventApp, SendEvent } from '../../src/contract/events.ts'
import type { Log } from '../../src/contract/log.ts'

type LifespanOptions = Parameters<typeof startLifespan>[1]

const UP: SendEvent = { type: 'lifespan.startup.complete' }
const DOWN: SendEvent = { type: 'lifespan.shutdown.complete' }

const polite: EventApp = async (scope, receive, send) => {
  for await (const event of receive) {
    scope.state[event.type] = true
    await send(event.type === 'lifespan.startup' ? UP : DOWN)
  }
}
const httpOnly: EventApp = async (scope) => {
  throw new UnsupportedScopeError(scope.type)
}
const early: EventApp = async () => undefined
const broken: EventApp = async (_scope, receive) => {
  await receive()
  throw new Error('no database')
}
const failing: EventApp = async (_scope, receive, send) => {
  await receive()
  await send({ type: 'lifespan.startup.failed', message: 'no database' })
}
const silent: EventApp = async (_scope, receive) => {
  await receive()
  await receive()
}

function recordingLog(): Log & { lines: unknown[][] } {
  const lines: unknown[][] = []
  const at = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push([level, message, ...(fields.err instanceof Error ? [fields.err.message] : [])])
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

async function start(
  app: EventApp,
  mode: LifespanOptions['mode'],
  options: Partial<LifespanOptions> = {},
): Promise<{ lifespan: Lifespan; lines: unknown[][] }> {
  const log = recordingLog()
  const lifespan = await startLifespan(app, { mode, log, ...options })
  return { lifespan, lines: log.lines }
}

describe('startLifespan', () => {
  it('[3b.59] resolves when startup is complete, and shutdown() when shutdown is', async () => {
    const { lifespan, lines } = await start(polite, 'auto')
    expect(lifespan.state).toEqual({ 'lifespan.startup': true })
    await lifespan.shutdown()
    expect(lifespan.state).toEqual({ 'lifespan.startup': true, 'lifespan.shutdown': true })
    expect(lines).toEqual([])
  })

  it('[3b.64] has the state object of the app, also after the app has replaced it', async () => {
    const own = { db: 1 }
    const { lifespan } = await start(async (scope, receive, send) => {
      scope.state = own
      await receive()
      await send(UP)
      await receive()
    }, 'on')
    expect(lifespan.state).toBe(own)
    await lifespan.shutdown()
  })

  it('[3b.61] off: the app is not called', async () => {
    let calls = 0
    const { lifespan } = await start(async () => void calls++, 'off')
    await lifespan.shutdown()
    expect(calls).toBe(0)
    expect(lifespan.state).toEqual({})
  })

  it('[3b.60] throws LifespanError with the app’s message when startup failed, in auto and on', async () => {
    for (const mode of ['auto', 'on'] as const) {
      await expect(start(failing, mode)).rejects.toThrow(new LifespanError('no database'))
    }
  })

  it('[3b.61] auto: an app that throws is served without lifespan, and the cause is a warning', async () => {
    const { lifespan, lines } = await start(broken, 'auto')
    await lifespan.shutdown()
    expect(lines).toEqual([
      ['warn', 'the app threw before lifespan.startup.complete: no lifespan', 'no database'],
    ])
  })

  it('[3b.61] auto: an app without lifespan causes no warning', async () => {
    const { lifespan, lines } = await start(httpOnly, 'auto')
    await lifespan.shutdown()
    expect(lines).toEqual([['debug', 'the app has no lifespan']])
  })

  it('[3b.62] auto: an app that returns at once has no lifespan', async () => {
    const { lifespan, lines } = await start(early, 'auto')
    await lifespan.shutdown()
    expect(lines.map(([level]) => level)).toEqual(['debug'])
  })

  it('[3b.61] on: an app that throws or returns before startup is complete fails, with the cause', async () => {
    const failure: unknown = await start(broken, 'on').catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'ISTHMUS_LIFESPAN_FAILED',
      message: 'the app threw before lifespan.startup.complete: Error: no database',
      cause: { message: 'no database' },
    })
    await expect(start(httpOnly, 'on')).rejects.toThrow(LifespanError)
    await expect(start(early, 'on')).rejects.toThrow(
      'the app returned before lifespan.startup.complete',
    )
  })

  it('[3b.61] logs an error for an app that throws after startup.complete, in every mode', async () => {
    for (const mode of ['auto', 'on'] as const) {
      const { lifespan, lines } = await start(async (_scope, receive, send) => {
        await receive()
        await send(UP)
        throw new Error('lost the database')
      }, mode)
      await lifespan.shutdown()
      expect(lines).toEqual([['error', 'the app failed in its lifespan', 'lost the database']])
    }
  })

  it('[3b.59] fails after the timeout if the app never completes its startup', async () => {
    await expect(start(silent, 'auto', { startupTimeoutMs: 5 })).rejects.toThrow(
      'the app sent no lifespan.startup.complete within 5 ms',
    )
  })

  it('[3b.63] ends after the timeout if the app never completes its shutdown', async () => {
    const app: EventApp = async (_scope, receive, send) => {
      await receive()
      await send(UP)
      await new Promise(() => undefined)
    }
    const { lifespan, lines } = await start(app, 'on', { shutdownTimeoutMs: 5 })
    await lifespan.shutdown()
    expect(lines).toEqual([['error', 'the app sent no lifespan.shutdown.complete within 5 ms']])
  })

  it('[3b.63] logs a failed shutdown', async () => {
    const { lifespan, lines } = await start(async (_scope, receive, send) => {
      await receive()
      await send(UP)
      await receive()
      await send({ type: 'lifespan.shutdown.failed', message: 'disk full' })
    }, 'on')
    await lifespan.shutdown()
    expect(lines).toEqual([['error', 'the app failed to shut down: disk full']])
  })

  it('[3b.63] shuts down once, even after many calls', async () => {
    const { lifespan } = await start(polite, 'on')
    expect(lifespan.shutdown()).toBe(lifespan.shutdown())
    await lifespan.shutdown()
  })

  it('[3b.66] rejects an illegal event of the app', async () => {
    const failures: unknown[] = []
    const { lifespan } = await start(async (_scope, receive, send) => {
      await receive()
      await send(DOWN).catch((error: unknown) => failures.push(error))
      await send(UP)
      await send(UP).catch((error: unknown) => failures.push(error))
      await receive()
      await send(DOWN)
    }, 'on')
    await lifespan.shutdown()
    expect(failures).toHaveLength(2)
    expect(failures.every((failure) => failure instanceof IllegalEventError)).toBe(true)
  })
})

describe('LifespanExchange', () => {
  it('[3b.66] names the state, the event and the legal events', () => {
    expect(() => new LifespanExchange().accept(DOWN)).toThrow(
      new IllegalEventError(
        '"lifespan.shutdown.complete" is illegal while the lifespan is starting: send lifespan.startup.complete or lifespan.startup.failed',
      ),
    )
  })

  it('[3b.66] refuses shutdown.complete before the app was told to shut down', () => {
    const exchange = new LifespanExchange()
    exchange.accept(UP)
    expect(() => exchange.accept(DOWN)).toThrow('while the lifespan is started: send nothing')
    exchange.stop()
    expect(exchange.accept(DOWN)).toEqual({ type: 'stopped' })
    expect(() => exchange.accept(DOWN)).toThrow('while the lifespan is ended')
  })

  it('[3b.2] rejects values that are not events, and a message that is not a string', () => {
    for (const event of [null, 1, {}, { type: 'http.response.start' }]) {
      expect(() => new LifespanExchange().accept(event as unknown as SendEvent)).toThrow(
        IllegalEventError,
      )
    }
    const event = { type: 'lifespan.startup.failed', message: 7 } as unknown as SendEvent
    expect(() => new LifespanExchange().accept(event)).toThrow(
      'message of a lifespan event must be a string',
    )
  })
})
