import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import {
  ClientDisconnectedError,
  IllegalEventError,
  ServerShutdownError,
} from '../../../src/errors.ts'
import { failureOf, turn } from '../../bridge/host.ts'
import { startCycle, unhandledIn } from '../fake-http-transport.ts'
import type {
  EventApp,
  HeaderPairs,
  HttpScope,
  Receive,
  Send,
} from '../../../src/contract/events.ts'

const START = { type: 'http.response.start', status: 200 } as const
const MORE = { type: 'http.response.body', body: 'a', moreBody: true } as const
const LAST = { type: 'http.response.body', body: 'b' } as const

const hello: EventApp = async (_scope, _receive, send) => {
  await send(START)
  await send(MORE)
  await send(LAST)
}

const started =
  (then: (send: Send, receive: Receive) => unknown): EventApp =>
  async (_scope, receive, send) => {
    await send(START)
    await send(MORE)
    await then(send, receive)
  }

/** An app that throws, after it sent `events`. */
const throwing =
  (error: unknown, ...events: Array<typeof START | typeof MORE | typeof LAST>): EventApp =>
  async (_scope, _receive, send) => {
    for (const event of events) await send(event)
    throw error
  }

const broken = new Error('broken')

describe('HttpRun: the response', () => {
  it('[3b.22] holds the start until the first body event', async () => {
    const held: string[][] = []
    const { transport, log, done } = startCycle(async (_scope, _receive, send) => {
      await send(START)
      held.push([...transport.calls])
      await send(LAST)
    })
    await done
    expect(held).toEqual([[]])
    expect(transport.calls).toEqual(['head 200', 'chunk b', 'end'])
    expect(log.lines).toEqual([])
  })

  it('[3b.24] resolves send() at once while the client keeps up', async () => {
    const { transport, done } = startCycle(hello)
    await done
    expect(transport.calls).toEqual(['head 200', 'chunk a', 'chunk b', 'end'])
  })

  it('[3b.24] resolves send() when a slow client has taken the bytes', async () => {
    const journal: string[] = []
    const { cycle, transport, done } = startCycle(
      started(async (send) => {
        journal.push('first')
        await Promise.all([send(MORE), send(MORE)])
        journal.push('both')
        await send(LAST)
      }),
    )
    await turn()
    transport.flowing = false
    await done
    expect(journal).toEqual(['first', 'both'])

    const slow = startCycle(hello)
    expect(slow.transport.calls).toEqual([])
    slow.transport.flowing = false
    await turn()
    expect(slow.transport.calls).toEqual(['head 200', 'chunk a'])
    slow.cycle.onDrain()
    await slow.done
    expect(slow.transport.calls).toEqual(['head 200', 'chunk a', 'chunk b', 'end'])
    cycle.onDrain()
  })

  it('[3b.33] passes early hints on', async () => {
    const { transport, done } = startCycle(async (_scope, _receive, send) => {
      await send({ type: 'http.response.early_hint', links: ['<a>', '<b>'] })
      await send(START)
      await send(LAST)
    })
    await done
    expect(transport.calls).toEqual(['hint 2', 'head 200', 'chunk b', 'end'])
  })

  it('[3b.21] rejects an illegal event, and goes on as before', async () => {
    const failures: unknown[] = []
    const { transport, log, done } = startCycle(async (_scope, _receive, send) => {
      failures.push(await failureOf(send(MORE)))
      await send(START)
      failures.push(await failureOf(send(START)))
      await send(LAST)
      failures.push(await failureOf(send(LAST)))
    })
    await done
    expect(failures.every((failure) => failure instanceof IllegalEventError)).toBe(true)
    expect(transport.calls).toEqual(['head 200', 'chunk b', 'end'])
    expect(log.lines).toEqual([])
  })

  it('[3b.25] rejects bytes above the Content-Length and writes none of them', async () => {
    const failures: unknown[] = []
    const headers: HeaderPairs = [['content-length', '1']]
    const { transport, done } = startCycle(async (_scope, _receive, send) => {
      await send({ ...START, headers })
      failures.push(await failureOf(send({ type: 'http.response.body', body: 'abc' })))
      await send(LAST)
    })
    await done
    expect(failures).toMatchObject([{ code: 'ISTHMUS_CONTENT_LENGTH_MISMATCH' }])
    expect(transport.calls).toEqual(['head 200', 'chunk b', 'end'])
  })

  it('[3b.25] cuts the connection below the Content-Length, and logs it once', async () => {
    const headers: HeaderPairs = [['content-length', '9']]
    for (const catches of [false, true]) {
      const { transport, log, done } = startCycle(async (_scope, _receive, send) => {
        await send({ ...START, headers })
        const short = send(LAST)
        await (catches ? failureOf(short) : short)
      })
      await done
      expect(transport.calls).toEqual(['destroy'])
      expect(log.lines).toEqual(['error: the response broke off; the connection is cut'])
    }
  })

  it('does not end the process with a rejected send() that the app does not await', async () => {
    const unhandled = await unhandledIn(async () => {
      const { cycle, transport, done } = startCycle(async (_scope, _receive, send) => {
        void send(LAST)
        await send(START)
        void send({ type: 'http.response.pathsend', path: '/no/such/file' })
        await turn()
        transport.flowing = false
        void send(MORE)
      })
      await turn()
      cycle.onDisconnect()
      await done
    })
    expect(unhandled).toEqual([])
  })
})

describe('HttpRun: the three moments of failure', () => {
  it('[3b.28] answers 500 when nothing was sent, and does not show the error', async () => {
    for (const app of [
      throwing(broken),
      () => {
        throw broken
      },
    ] as EventApp[]) {
      const { transport, log, done } = startCycle(app)
      await done
      expect(transport.calls).toEqual(['head 500', 'chunk Internal Server Error\n', 'end'])
      expect(log.lines).toEqual(['error: the app failed'])
      expect(log.fields).toEqual([{ method: 'GET', path: '/', err: broken }])
    }
  })

  it('[3b.28] cuts the connection when the start was accepted, held or not', async () => {
    const held = startCycle(throwing(broken, START))
    await held.done
    expect(held.transport.calls).toEqual(['destroy'])
    const sent = startCycle(throwing(broken, START, MORE))
    await sent.done
    expect(sent.transport.calls).toEqual(['head 200', 'chunk a', 'destroy'])
    expect(sent.log.lines).toEqual(['error: the app failed'])
  })

  it('[3b.29] only logs when the response is complete', async () => {
    const { transport, log, done } = startCycle(throwing(broken, START, LAST))
    await done
    expect(transport.calls).toEqual(['head 200', 'chunk b', 'end'])
    expect(log.lines).toEqual(['error: the app failed'])
  })

  it('[3b.28] answers 500 when the app returns without a response', async () => {
    const { transport, log, done } = startCycle(async () => undefined)
    await done
    expect(transport.calls[0]).toBe('head 500')
    expect(log.lines).toEqual(['error: the app returned without a response'])
  })

  it('[3b.28] cuts the connection when the app returns in the middle of its response', async () => {
    for (const app of [started(() => undefined), throwing(undefined, START)]) {
      const { transport, done } = startCycle(app)
      await done
      expect(transport.calls.at(-1)).toBe('destroy')
    }
    const { log, done } = startCycle(started(() => undefined))
    await done
    expect(log.lines).toEqual([
      'error: the app returned before its response was complete; the connection is cut',
    ])
  })

  it('[3b.28] warns of a returned value, and serves the response', async () => {
    const app: (...args: Parameters<EventApp>) => Promise<unknown> = async (...args) => {
      await hello(...args)
      return 'ok'
    }
    const { transport, log, done } = startCycle(app as EventApp)
    await done
    expect(transport.calls.at(-1)).toBe('end')
    expect(log.lines).toEqual([
      'warn: the app returned a value (string); an event app answers by send(), and returns nothing',
    ])
  })

  it('[3b.7] survives a thrown value of any type', async () => {
    const thrown = [
      undefined,
      null,
      'text',
      0,
      Object.create(null),
      Symbol('x'),
      new AggregateError([]),
    ]
    for (const debug of [false, true]) {
      for (const error of thrown) {
        const { transport, done } = startCycle(throwing(error), { settings: { debug } })
        await done
        expect(transport.calls[0]).toBe('head 500')
      }
    }
  })

  it('[3a.53] shows the error in debug mode, and only there', async () => {
    const { transport, done } = startCycle(throwing(broken), { settings: { debug: true } })
    await done
    expect(transport.calls[1]).toContain('Error: broken')
    expect(transport.calls[1]).toContain('http/run.test.ts')
  })
})

describe('HttpRun: the client leaves', () => {
  it('[3b.27] rejects every later send(), and wakes the send() that waits', async () => {
    const failures: unknown[] = []
    const { cycle, transport, log, done } = startCycle(
      started(async (send) => {
        transport.flowing = false
        failures.push(await failureOf(send(MORE)))
        failures.push(await failureOf(send(LAST)))
        await send(LAST)
      }),
    )
    await turn()
    cycle.onDisconnect()
    await done
    const gone = expect.objectContaining({ code: 'ECONNRESET' })
    expect(failures).toEqual([gone, gone])
    expect(transport.calls).toEqual(['head 200', 'chunk a', 'chunk a'])
    expect(log.lines).toEqual(['debug: the client left before the response was complete'])
  })

  it('[3b.8] logs no error if the app throws because of the disconnect', async () => {
    const waitings: Array<(scope: HttpScope) => Promise<unknown>> = [
      async (scope) => {
        const signal = scope['isthmus.exchange']?.signal
        await sleep(60_000, undefined, { signal, ref: false })
      },
      async (scope) => {
        const { signal } = scope['isthmus.exchange'] as { signal: AbortSignal }
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        signal.throwIfAborted()
      },
    ]
    for (const wait of waitings) {
      const app: EventApp = async (scope) => void (await wait(scope as HttpScope))
      const { cycle, log, done } = startCycle(app)
      await turn()
      cycle.onDisconnect()
      await done
      expect(log.lines).toEqual(['debug: the client left before the response was complete'])
    }
  })

  it('[3b.7] logs another error that the app throws when its client has left, and answers nothing', async () => {
    const { cycle, transport, log, done } = startCycle(async (_scope, receive) => {
      await receive()
      await receive()
      throw broken
    })
    await turn()
    cycle.onDisconnect()
    await done
    expect(transport.calls).toEqual([])
    expect(log.lines).toEqual(['error: the app failed'])
  })

  it('[3b.15] wakes a receive() that waits, and logs nothing if the app returns', async () => {
    const seen: string[] = []
    const { cycle, transport, log, done } = startCycle(
      started(async (_send, receive) => {
        for await (const { type } of receive) seen.push(type)
      }),
    )
    await turn()
    cycle.onDisconnect()
    cycle.onDisconnect()
    await done
    expect(seen).toEqual(['http.request', 'http.disconnect'])
    expect(transport.calls).toEqual(['head 200', 'chunk a'])
    expect(log.lines).toEqual([])
  })

  it('[3a.69] aborts the signal and calls back, but not after a complete response', async () => {
    const journal: string[] = []
    const noting =
      (name: string, then: EventApp): EventApp =>
      async (scope, receive, send) => {
        const connection = (scope as HttpScope)['isthmus.exchange']
        connection?.signal.addEventListener('abort', () => journal.push(`${name} aborted`))
        connection?.onDisconnect(() => journal.push(`${name} called back`))
        await then(scope, receive, send)
      }
    const left = startCycle(
      noting(
        'left',
        started((_send, receive) => receive().then(receive)),
      ),
    )
    await turn()
    left.cycle.onDisconnect()
    await left.done
    const whole = startCycle(noting('whole', hello))
    await whole.done
    whole.cycle.onDisconnect()
    expect(journal).toEqual(['left aborted', 'left called back'])
  })

  it('[3b.16] says disconnect after a complete response, for ever', async () => {
    const seen: string[] = []
    const { done } = startCycle(async (scope, receive, send) => {
      await hello(scope, receive, send)
      for (let count = 0; count < 3; count += 1) seen.push((await receive()).type)
    })
    await done
    expect(seen).toEqual(['http.disconnect', 'http.disconnect', 'http.disconnect'])
  })
})

describe('HttpRun: responses without a body', () => {
  const head = { scope: { method: 'HEAD' } }

  it('[3b.26] leaves the connection alone when the app returns, or throws, after a streamed response to HEAD', async () => {
    for (const app of [started(() => undefined), throwing(broken, START, MORE)]) {
      const { transport, done } = startCycle(app, head)
      await done
      expect(transport.calls).toEqual(['head 200', 'end'])
    }
  })

  it('[3b.26] ends an app that streams for ever to HEAD as if its client had left', async () => {
    const { transport, log, done } = startCycle(
      started(async (send) => {
        for (;;) await send(MORE)
      }),
      head,
    )
    await done
    expect(transport.calls).toEqual(['head 200', 'end'])
    expect(log.lines).toEqual(['debug: the client left before the response was complete'])
  })

  it('[3b.26] takes the end of a body, and its trailers, from an app that answers HEAD', async () => {
    const { log, done } = startCycle(async (_scope, _receive, send) => {
      await send({ ...START, trailers: true })
      await send(MORE)
      await send(LAST)
      await send({ type: 'http.response.trailers', headers: [['x-sum', '1']] })
    }, head)
    await done
    expect(log.lines).toEqual([])
  })
})

describe('HttpRun: shutdown', () => {
  const reasonOf = (scope: unknown): AbortSignal =>
    (scope as HttpScope)['isthmus.exchange']?.signal as AbortSignal

  it('aborts the signal, sends a disconnect, and closes the connection after the response', async () => {
    const seen: unknown[] = []
    const { cycle, transport, done } = startCycle(async (scope, receive, send) => {
      const signal = reasonOf(scope)
      await receive()
      seen.push((await receive()).type, signal.reason)
      await send(START)
      await send(LAST)
    })
    await turn()
    cycle.shutdown()
    await done
    expect(seen).toEqual(['http.disconnect', new ServerShutdownError()])
    expect(transport.heads[0]?.at(-1)).toEqual(['connection', 'close'])
    expect(transport.calls).toEqual(['head 200', 'chunk b', 'end'])
  })

  it('[3b.29] tells an app that works on after its response', async () => {
    const { cycle, done } = startCycle(async (scope, receive, send) => {
      const signal = reasonOf(scope)
      await hello(scope, receive, send)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    })
    await turn()
    cycle.shutdown()
    expect(await Promise.race([done.then(() => 'ended'), turn().then(() => 'hangs')])).toBe('ended')
  })

  it('cuts the response of an app that obeys, and logs no error', async () => {
    const { cycle, transport, log, done } = startCycle(
      started(async (_send, receive) => {
        for await (const { type } of receive) expect(type).toMatch(/^http/)
      }),
    )
    await turn()
    cycle.shutdown()
    await done
    expect(transport.calls).toEqual(['head 200', 'chunk a', 'destroy'])
    expect(log.lines).toEqual([
      'info: the app returned before its response was complete; the connection is cut',
    ])
  })

  it('answers 503 for an app that obeys before it has started', async () => {
    const { cycle, transport, log, done } = startCycle(async (_scope, receive) => {
      for await (const { type } of receive) expect(type).toMatch(/^http/)
    })
    await turn()
    cycle.shutdown()
    await done
    expect(transport.calls[0]).toBe('head 503')
    expect(transport.heads[0]).toContainEqual(['retry-after', '1'])
    expect(log.lines).toEqual(['info: the app returned without a response'])
  })

  it('does not stop a response that has begun', async () => {
    const { cycle, transport, done } = startCycle(started((send) => turn().then(() => send(LAST))))
    cycle.shutdown()
    await done
    expect(transport.calls.at(-1)).toBe('end')
  })
})

describe('HttpRun: leaves nothing behind', () => {
  it('no timer of a body that the app waited for', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { cycle, done } = startCycle(async (_scope, receive) => void (await receive()), {
      request: { hasBody: true },
      settings: { bodyTimeoutMs: 1_000 },
    })
    expect(vi.getTimerCount()).toBe(1)
    cycle.onDisconnect()
    await done
    // The wheel finds at its next tick that no call waits.
    vi.advanceTimersByTime(100)
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('no unhandled rejection when the client leaves while many calls wait', async () => {
    const unhandled = await unhandledIn(async () => {
      const { cycle, transport, done } = startCycle(async (_scope, receive, send) => {
        void receive()
        await send(START)
        transport.flowing = false
        void send(MORE)
        void send(MORE)
        await turn()
      })
      cycle.onDisconnect()
      await done
    })
    expect(unhandled).toEqual([])
    expect(new ClientDisconnectedError().code).toBe('ECONNRESET')
  })
})
