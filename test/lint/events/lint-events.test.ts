import { describe, expect, it } from 'vitest'
import { ServerExchangeContext } from '../../../src/async/exchange-context.ts'
import { lintEvents } from '../../../src/lint/events/lint-events.ts'
import { makeReceive } from '../../../src/async/receive.ts'
import { SILENT_LOG } from '../../../src/silent-log.ts'
import { ClientDisconnectedError, LintError, UnsupportedScopeError } from '../../../src/errors.ts'
import { event, hearing, httpScope, NO_BODY, saying, underLint } from './stage.ts'
import type { EventApp, Scope, SendEvent } from '../../../src/contract/events.ts'

const START = event('http.response.start', { status: 200 })
const BODY = event('http.response.body', { body: 'ok' })
const GONE = event('http.disconnect')

describe('an app under lint', () => {
  it('passes, its events untouched, when it keeps the contract', async () => {
    expect(await underLint(saying(START, BODY), httpScope())).toEqual([START, BODY])
    expect((await underLint(saying(START, BODY), httpScope()))[0]).toBe(START)
  })

  it('gets its scope unchanged', async () => {
    const scope = httpScope()
    let seen: Scope | undefined
    await underLint(async (given, receive, send) => {
      seen = given
      await saying(START, BODY)(given, receive, send)
    }, scope)
    expect(seen).toBe(scope)
  })

  it('may throw any error', async () => {
    const throwing: EventApp = () => Promise.reject(new RangeError('seat 12'))
    await expect(underLint(throwing, httpScope())).rejects.toThrow(new RangeError('seat 12'))
  })

  it('gets a LintError with the party, the rule, the fact and the remedy', async () => {
    const failure = await underLint(saying(BODY), httpScope()).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(LintError)
    expect(failure).toMatchObject({
      code: 'ISTHMUS_LINT',
      message:
        'app broke the legality of events: http.response.body is illegal here: ' +
        'the response is waiting for http.response.start',
      cause: { code: 'ISTHMUS_ILLEGAL_EVENT' },
    })
  })

  it('fails at its end if it swallowed the breach', async () => {
    const swallowing: EventApp = async (_scope, _receive, send) => {
      await send(BODY).catch(() => undefined)
      await send(START)
      await send(BODY)
    }
    await expect(underLint(swallowing, httpScope())).rejects.toThrow(
      'waiting for http.response.start',
    )
  })

  it('gets the first breach if a second failure follows from it', async () => {
    const confused: EventApp = async (_scope, _receive, send) => {
      await send(BODY).catch(() => {
        throw new RangeError('a consequence')
      })
    }
    await expect(underLint(confused, httpScope())).rejects.toThrow(LintError)
  })

  it('does not pass an illegal event on', async () => {
    const reached: SendEvent[] = []
    const send = (sent: SendEvent): Promise<void> => Promise.resolve(void reached.push(sent))
    await expect(underLint(saying(BODY), httpScope(), [NO_BODY], send)).rejects.toThrow(LintError)
    expect(reached).toEqual([])
  })
})

describe('the end of an app under lint', () => {
  it('[3b.28] returns nothing', async () => {
    const returning = async (...[scope, receive, send]: Parameters<EventApp>): Promise<unknown> => {
      await saying(START, BODY)(scope, receive, send)
      return 'done'
    }
    await expect(underLint(returning as EventApp, httpScope())).rejects.toThrow(
      'app broke the return value: it returned "done"; return nothing',
    )
  })

  it('[3b.28] comes after a response', async () => {
    await expect(underLint(saying(), httpScope())).rejects.toThrow(
      'app broke completeness: it returned without sending http.response.start; send it, or throw',
    )
  })

  it('[3b.28] comes after a whole response', async () => {
    const half = saying(START, event('http.response.body', { body: 'a', moreBody: true }))
    await expect(underLint(half, httpScope())).rejects.toThrow('the last http.response.body')
  })

  it('[3b.17] may come early when the app received the disconnect', async () => {
    expect(await underLint(hearing(1), httpScope(), [GONE])).toEqual([])
  })

  it('[3b.27] may come early when send() found the client gone', async () => {
    const app: EventApp = async (_scope, _receive, send) => {
      await send(START).catch(() => undefined)
    }
    const refuse = (): Promise<void> => Promise.reject(new ClientDisconnectedError())
    expect(await underLint(app, httpScope(), [NO_BODY], refuse)).toEqual([START])
  })

  it('may come early when the signal has told the app', async () => {
    const connection = new ServerExchangeContext(SILENT_LOG)
    const scope = { ...httpScope(), 'isthmus.exchange': connection }
    const app: EventApp = async (given) => {
      const { signal } = (given as typeof scope)['isthmus.exchange']
      connection.abort(new ClientDisconnectedError())
      await Promise.resolve(signal.aborted)
    }
    expect(await underLint(app, scope)).toEqual([])
    expect(connection.watched).toBe(true)
  })

  it('does not make a connection watched by looking', async () => {
    const connection = new ServerExchangeContext(SILENT_LOG)
    const scope = { ...httpScope(), 'isthmus.exchange': connection }
    await underLint(saying(START, BODY), scope)
    expect(connection.watched).toBe(false)
  })

  it('comes after every send() was awaited', async () => {
    const careless: EventApp = async (_scope, _receive, send) => {
      await send(START)
      void send(BODY).catch(() => undefined)
    }
    const never = (sent: SendEvent): Promise<void> =>
      sent === BODY ? new Promise(() => undefined) : Promise.resolve()
    await expect(underLint(careless, httpScope(), [NO_BODY], never)).rejects.toThrow(
      'app broke awaiting: it returned while a send() was pending; await every send()',
    )
  })

  it('reports a bad send() that the app did not await', async () => {
    const careless: EventApp = async (_scope, _receive, send) => {
      await send(START)
      void send(event('http.nonsense'))
      await send(BODY)
    }
    await expect(underLint(careless, httpScope())).rejects.toThrow(
      '"http.nonsense" is not an event',
    )
  })

  it('is the end of send()', async () => {
    let late: Promise<unknown> | undefined
    const app: EventApp = async (_scope, _receive, send) => {
      await send(START)
      await send(BODY)
      late = new Promise((resolve) => setImmediate(resolve)).then(() => send(BODY))
    }
    await underLint(app, httpScope())
    await expect(late).rejects.toThrow('it called send() after it had returned')
  })

  it('may leave a receive() pending', async () => {
    const app: EventApp = async (scope, receive, send) => {
      void receive()
      await saying(START, BODY)(scope, receive, send)
    }
    expect(await underLint(app, httpScope())).toHaveLength(2)
  })
})

describe('the scope under lint', () => {
  it('[3b.5] is not changed in place', async () => {
    const rewriting: EventApp = async (scope, receive, send) => {
      if (scope.type === 'http') scope.path = '/app/other'
      await saying(START, BODY)(scope, receive, send)
    }
    await expect(underLint(rewriting, httpScope())).rejects.toThrow(
      'app broke the scope: it changed scope.path in place; change a copy: { ...scope }',
    )
  })

  it('[3b.5] keeps its headers', async () => {
    const adding: EventApp = async (scope, receive, send) => {
      if (scope.type === 'http') scope.headers.push(['x-a', 'b'])
      await saying(START, BODY)(scope, receive, send)
    }
    await expect(underLint(adding, httpScope())).rejects.toThrow(
      'it changed scope.headers in place',
    )
  })

  it.each(['asgi', 'client', 'server', 'extensions'])('[3b.5] keeps its %s', async (key) => {
    const changing: EventApp = async (scope, receive, send) => {
      Object.assign((scope as unknown as Record<string, object>)[key] ?? {}, { 0: 'other' })
      await saying(START, BODY)(scope, receive, send)
    }
    await expect(underLint(changing, httpScope())).rejects.toThrow(
      `app broke the scope: it changed scope.${key} in place`,
    )
  })

  it('[3b.5] gets no new keys', async () => {
    const adding: EventApp = async (scope, receive, send) => {
      Object.assign(scope, { user: 'ada' })
      await saying(START, BODY)(scope, receive, send)
    }
    await expect(underLint(adding, httpScope())).rejects.toThrow('it changed scope.user in place')
  })

  it('[3b.64] has a state that the app may change', async () => {
    const counting: EventApp = async (scope, receive, send) => {
      scope.state.count = 1
      await saying(START, BODY)(scope, receive, send)
    }
    expect(await underLint(counting, httpScope())).toHaveLength(2)
  })

  it('[3b.5] may be copied and changed for an inner app', async () => {
    const outer: EventApp = (scope, receive, send) =>
      saying(START, BODY)({ ...scope, path: '/app/other' } as Scope, receive, send)
    expect(await underLint(outer, httpScope())).toHaveLength(2)
  })

  it('[3b.6] of an unknown type has to be refused', async () => {
    const scope = { type: 'telnet' } as unknown as Scope
    const refusing: EventApp = (given) => Promise.reject(new UnsupportedScopeError(given.type))
    await expect(underLint(refusing, scope)).rejects.toThrow(UnsupportedScopeError)
    await expect(underLint(saying(), scope)).rejects.toThrow('so throw UnsupportedScopeError')
    await expect(underLint(saying(START), scope)).rejects.toThrow('app broke unknown scopes')
  })
})

describe('receive() under lint', () => {
  it('[3b.20] gives a second call the promise of the first while it is pending', async () => {
    let same = false
    const app: EventApp = async (scope, receive, send) => {
      const first = receive()
      same = first === receive()
      await first
      await saying(START, BODY)(scope, receive, send)
    }
    await underLint(app, httpScope())
    expect(same).toBe(true)
  })

  it('is iterated up to the disconnect', async () => {
    const types: string[] = []
    const app: EventApp = async (_scope, receive) => {
      for await (const { type } of receive) types.push(type)
    }
    await underLint(app, httpScope())
    expect(types).toEqual(['http.request', 'http.disconnect'])
  })

  it('[3b.16] may be called again after the disconnect, but not for ever', async () => {
    const patient = hearing(50, START, BODY)
    const looping = hearing(1_000)
    expect(await underLint(patient, httpScope(), [GONE])).toHaveLength(2)
    await expect(underLint(looping, httpScope(), [GONE])).rejects.toThrow(
      'app broke the end of events: it called receive() 100 times after the last event',
    )
  })

  it('passes on the errors of the server', async () => {
    const receive = makeReceive(() => Promise.reject(new RangeError('body too long')))
    const linted = lintEvents(hearing(1))(httpScope(), receive, () => Promise.resolve())
    await expect(linted).rejects.toThrow(new RangeError('body too long'))
  })
})
