import { describe, expect, it } from 'vitest'
import {
  ClientDisconnectedError,
  IllegalEventError,
  ServerShutdownError,
} from '../../../src/errors.ts'
import { startCycle, turn } from '../fake-websocket-transport.ts'
import type { EventApp, ResponseEnd, Send } from '../../../src/contract/events.ts'
import type { WebSocketRun } from '../../../src/server/websocket/run.ts'

const echo: EventApp = async (_scope, receive, send) => {
  await receive()
  await send({ type: 'websocket.accept' })
  for await (const event of receive) {
    if (event.type === 'websocket.receive') await send({ type: 'websocket.send', text: event.text })
  }
}

const accepted =
  (then: (send: Send) => unknown): EventApp =>
  async (_scope, _receive, send) => {
    await send({ type: 'websocket.accept' })
    await then(send)
  }

const deaf: EventApp = accepted(() => new Promise(() => undefined))

describe('WebSocketRun: an app on a connection', () => {
  it('[3b.46] echoes, and ends when the client leaves', async () => {
    const { cycle, transport, lines, done } = startCycle(echo)
    await turn()
    cycle.onMessage('one')
    cycle.onMessage('two')
    await turn()
    cycle.onClose(1000, '')
    await done
    expect(transport.calls).toEqual([
      ['accept', null, []],
      ['send', 'one'],
      ['send', 'two'],
    ])
    expect(lines).toEqual([])
  })

  it('[3b.53] closes with 1000 when the app returns', async () => {
    const { cycle, transport, done } = startCycle(accepted(() => undefined))
    await turn()
    expect(transport.calls.slice(1)).toEqual([['close', 1000, ''], ['resume']])
    cycle.onClose(1000, '')
    await done
  })

  it('[3b.53] closes with 1011 and logs when the app throws', async () => {
    const app = accepted(() => Promise.reject(new Error('broken')))
    const { cycle, transport, lines, done } = startCycle(app)
    await turn()
    expect(transport.calls[1]).toEqual(['close', 1011, ''])
    cycle.onClose(1011, '')
    await done
    expect(lines).toEqual(['error: the app failed'])
  })

  it('[3b.45] answers 500 when the app returns before it answers the handshake', async () => {
    const { cycle, transport, lines, done } = startCycle(async () => undefined)
    await turn()
    expect(transport.calls).toEqual([['deny', 500, 'Internal Server Error\n', true]])
    expect(lines).toEqual(['error: the app returned without an answer to the handshake'])
    cycle.onClose(1006, '')
    await done
  })

  it('[3b.45] answers 500 when the app throws before it answers the handshake, synchronously too', async () => {
    const { transport, lines } = startCycle(() => {
      throw new Error('broken')
    })
    await turn()
    expect(transport.calls).toEqual([['deny', 500, 'Internal Server Error\n', true]])
    expect(lines).toEqual(['error: the app failed'])
  })

  it('[3b.45] replaces a denial that was only announced by a 500 when the app throws', async () => {
    const { transport } = startCycle(async (_scope, _receive, send) => {
      await send({ type: 'websocket.http.response.start', status: 401 })
      throw new Error('broken')
    })
    await turn()
    expect(transport.calls).toEqual([['deny', 500, 'Internal Server Error\n', true]])
  })

  it('[3b.47] cuts the connection when the app leaves a denial unfinished', async () => {
    const { transport, lines } = startCycle(async (_scope, _receive, send) => {
      await send({ type: 'websocket.http.response.start', status: 401 })
      await send({ type: 'websocket.http.response.body', body: 'half', moreBody: true })
    })
    await turn()
    expect(transport.calls).toEqual([['deny', 401, 'half', false], ['destroy']])
    expect(lines).toEqual(['error: the app returned before its denial was complete'])
  })

  it('[3b.47] cuts the connection when a denial is shorter than announced, and logs it once', async () => {
    const { transport, lines } = startCycle(async (_scope, _receive, send) => {
      const headers: Array<[string, string]> = [['content-length', '9']]
      await send({ type: 'websocket.http.response.start', status: 401, headers })
      await send({ type: 'websocket.http.response.body', body: 'short' })
    })
    await turn()
    expect(transport.calls).toEqual([['destroy']])
    expect(lines).toEqual(['error: the denial broke off'])
  })

  it('[3b.44] delivers a disconnect with 1006 after a close before accept', async () => {
    const seen: unknown[] = []
    const { cycle, transport, done } = startCycle(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.close' })
      seen.push(await receive(), await receive())
    })
    await turn()
    expect(transport.calls).toEqual([['deny', 403, null, true]])
    cycle.onClose(1006, '')
    await done
    const gone = { type: 'websocket.disconnect', code: 1006, reason: '' }
    expect(seen).toEqual([gone, gone])
  })

  it('[3b.55] pauses the transport at maxQueue messages', async () => {
    const { cycle, transport } = startCycle(deaf, 2)
    await turn()
    for (const text of ['a', 'b', 'c', 'd']) cycle.onMessage(text.repeat(128 * 1024))
    expect(transport.calls.slice(1)).toEqual([['pause']])
  })

  it('[3b.50] reads on after the app’s close, so that the client’s answer is seen, and drops messages', async () => {
    const seen: unknown[] = []
    const { cycle, transport, done } = startCycle(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      await send({ type: 'websocket.close', code: 3000 })
      cycle.onMessage('too late')
      cycle.onClose(3000, '')
      seen.push(await receive())
    })
    await done
    expect(transport.calls.slice(1)).toEqual([['close', 3000, ''], ['resume']])
    expect(seen).toEqual([{ type: 'websocket.disconnect', code: 3000, reason: '' }])
  })
})

describe('WebSocketRun: send', () => {
  it('[3b.46] waits for a slow client, keeps the order of calls, and wakes all waiters', async () => {
    const order: string[] = []
    const app = accepted(async (send) => {
      const sends = ['a', 'b'].map(async (text) => {
        await send({ type: 'websocket.send', text })
        order.push(text)
      })
      await Promise.all(sends)
    })
    const { cycle, transport } = startCycle(app)
    transport.flowing = false
    await turn()
    expect(transport.calls.slice(1)).toEqual([
      ['send', 'a'],
      ['send', 'b'],
    ])
    expect(order).toEqual([])
    cycle.onDrain()
    await turn()
    expect(order).toEqual(['a', 'b'])
    expect(transport.calls.at(-2)).toEqual(['close', 1000, ''])
  })

  it('[3b.46] wakes every waiting send with ClientDisconnectedError when the client leaves', async () => {
    const failures: unknown[] = []
    const app = accepted(async (send) => {
      const sends = ['a', 'b', 'c'].map((text) => send({ type: 'websocket.send', text }))
      for (const { reason } of (await Promise.allSettled(sends)) as PromiseRejectedResult[]) {
        failures.push(reason)
      }
    })
    const { cycle, transport, done } = startCycle(app)
    transport.flowing = false
    await turn()
    cycle.onClose(1006, '')
    await done
    expect(failures).toHaveLength(3)
    expect(failures.every((failure) => failure instanceof ClientDisconnectedError)).toBe(true)
  })

  it('[3b.52] rejects with ClientDisconnectedError (ECONNRESET) after the client has left', async () => {
    let failure: unknown
    const { cycle, done } = startCycle(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      await receive()
      failure = await send({ type: 'websocket.close' }).catch((error: unknown) => error)
    })
    await turn()
    cycle.onClose(1001, '')
    await done
    expect(failure).toMatchObject({ code: 'ECONNRESET' })
  })

  it('[3b.8] does not log a ClientDisconnectedError that escapes the app as an error', async () => {
    const { cycle, lines, done } = startCycle(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      for (;;) {
        await receive()
        await send({ type: 'websocket.send', text: 'hello?' })
      }
    })
    await turn()
    cycle.onClose(1006, '')
    await done
    expect(lines).toEqual(['debug: the app was told that the connection ends'])
  })

  it('[3b.8] logs a ClientDisconnectedError of some other connection as an error', async () => {
    const app = accepted(() => Promise.reject(new ClientDisconnectedError()))
    const { transport, lines } = startCycle(app)
    await turn()
    expect(lines).toEqual(['error: the app failed'])
    expect(transport.calls[1]).toEqual(['close', 1011, ''])
  })

  it('[3b.2] rejects an illegal event and leaves the connection as it is', async () => {
    const app = accepted(async (send) => {
      await expect(send({ type: 'websocket.accept' })).rejects.toThrow(IllegalEventError)
      await send({ type: 'websocket.send', text: 'still here' })
    })
    const { transport } = startCycle(app)
    await turn()
    expect(transport.calls[1]).toEqual(['send', 'still here'])
  })

  it('[3b.47] waits for a slow client within a denial', async () => {
    let answered = false
    const { cycle, transport } = startCycle(async (_scope, _receive, send) => {
      await send({ type: 'websocket.http.response.start', status: 401 })
      await send({ type: 'websocket.http.response.body', body: 'a', moreBody: true })
      answered = true
      await send({ type: 'websocket.http.response.body', body: 'b' })
    })
    transport.flowing = false
    await turn()
    expect(transport.calls).toEqual([['deny', 401, 'a', false]])
    expect(answered).toBe(false)
    cycle.onDrain()
    await turn()
    expect(transport.calls.at(-1)).toEqual(['deny', null, 'b', true])
  })
})

describe('WebSocketRun: the signal', () => {
  it('aborts with ClientDisconnectedError when the client leaves', async () => {
    const { cycle, scope } = startCycle(deaf)
    const signal = scope['isthmus.exchange']?.signal
    await turn()
    cycle.onClose(1000, '')
    expect(signal?.reason).toBeInstanceOf(ClientDisconnectedError)
  })

  it('does not abort when the app has closed', async () => {
    const { cycle, scope, done } = startCycle(accepted(() => undefined))
    const signal = scope['isthmus.exchange']?.signal
    await turn()
    cycle.onClose(1000, '')
    await done
    expect(signal?.aborted).toBe(false)
  })
})

describe('WebSocketRun: shutdown', () => {
  it('[3b.54] closes an app that watches no signal with 1001 at once, and gives it the disconnect', async () => {
    const { cycle, transport, done, lines } = startCycle(echo)
    await turn()
    cycle.shutdown()
    expect(transport.calls.slice(1)).toEqual([['close', 1001, 'server shutdown'], ['resume']])
    cycle.onClose(1001, '')
    await done
    expect(lines).toEqual([])
  })

  it('[3b.54] tells an app that watches the signal, and closes with 1001 when it returns', async () => {
    const { cycle, transport } = startCycle(async (scope, receive, send) => {
      if (scope.type !== 'websocket') return
      const signal = scope['isthmus.exchange']?.signal
      await receive()
      await send({ type: 'websocket.accept' })
      await new Promise((resolve) => signal?.addEventListener('abort', resolve))
      await send({
        type: 'websocket.send',
        text: String(signal?.reason instanceof ServerShutdownError),
      })
    })
    await turn()
    cycle.shutdown()
    expect(transport.calls).toHaveLength(1)
    await turn()
    expect(transport.calls.slice(1)).toEqual([
      ['send', 'true'],
      ['close', 1001, 'server shutdown'],
      ['resume'],
    ])
  })

  it('[3b.54] takes the signal’s reason, thrown, for a good end', async () => {
    const { cycle, transport, lines } = startCycle(async (scope, _receive, send) => {
      if (scope.type !== 'websocket') return
      const signal = scope['isthmus.exchange']?.signal
      await send({ type: 'websocket.accept' })
      await new Promise((resolve) => signal?.addEventListener('abort', resolve))
      signal?.throwIfAborted()
    })
    await turn()
    cycle.shutdown()
    await turn()
    expect(transport.calls[1]).toEqual(['close', 1001, 'server shutdown'])
    expect(lines).toEqual(['debug: the app was told that the connection ends'])
  })

  it('[3b.54] closes with 1001 after the grace without regard to the app, and fails its sends', async () => {
    let failure: unknown
    let aborted: boolean | undefined
    const app: EventApp = async (scope, _receive, send) => {
      if (scope.type !== 'websocket') return
      const signal = scope['isthmus.exchange']?.signal
      await send({ type: 'websocket.accept' })
      await send({ type: 'websocket.send', text: 'stuck' }).catch((error: unknown) => {
        failure = error
      })
      aborted = signal?.aborted
    }
    const { cycle, transport, done } = startCycle(app)
    transport.flowing = false
    await turn()
    cycle.shutdown()
    expect(transport.calls).toHaveLength(2)
    cycle.closeNow()
    expect(transport.calls[2]).toEqual(['close', 1001, 'server shutdown'])
    cycle.onClose(1006, '')
    await done
    expect(failure).toBeInstanceOf(ClientDisconnectedError)
    expect(aborted).toBe(true)
  })

  it('[3b.54] answers 503 to a handshake that is still unanswered', async () => {
    const { cycle, transport } = startCycle(async (_scope, receive) => {
      await receive()
      await receive()
    })
    await turn()
    cycle.shutdown()
    expect(transport.calls).toEqual([['deny', 503, 'Service Unavailable\n', true]])
  })

  it('[3b.52] rejects every send() after the close of the server with ClientDisconnectedError', async () => {
    const { cycle, transport, done, lines } = startCycle(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      await receive()
      await send({ type: 'websocket.send', text: 'too late' })
    })
    await turn()
    cycle.closeNow()
    cycle.onClose(1001, '')
    await done
    expect(transport.calls.slice(1)).toEqual([['close', 1001, 'server shutdown'], ['resume']])
    expect(lines).toEqual(['debug: the app was told that the connection ends'])
  })

  it('[3b.54] lets a denial end at shutdown, and cuts it after the grace', async () => {
    const { cycle, transport } = startCycle(async (_scope, _receive, send) => {
      await send({ type: 'websocket.http.response.start', status: 401 })
      await send({ type: 'websocket.http.response.body', body: 'a', moreBody: true })
      await new Promise(() => undefined)
    })
    await turn()
    cycle.shutdown()
    expect(transport.calls).toEqual([['deny', 401, 'a', false]])
    cycle.closeNow()
    expect(transport.calls.slice(1)).toEqual([['destroy']])
  })

  it('[3b.54] leaves a closing handshake of the app alone', async () => {
    const { cycle, transport } = startCycle(accepted(() => undefined))
    await turn()
    cycle.shutdown()
    cycle.closeNow()
    expect(transport.calls.slice(1)).toEqual([['close', 1000, ''], ['resume']])
  })
})

describe('WebSocketRun: the end', () => {
  const BUG = new Error('broken')

  /** The ends as `[outcome, status, bytes, code, error]`, after `meanwhile`; a WebSocket has one. */
  async function endsOf(
    app: EventApp,
    meanwhile: (cycle: WebSocketRun) => void = () => undefined,
  ): Promise<unknown[][]> {
    const ends: unknown[][] = []
    const note = ({ outcome, status, bytes, code, error }: ResponseEnd): void => {
      ends.push([outcome, status, bytes, code, error])
    }
    const { cycle, done } = startCycle((scope, receive, send) => {
      if (scope.type === 'websocket') scope['isthmus.exchange']?.onEnd(note)
      return app(scope, receive, send)
    })
    await turn()
    meanwhile(cycle)
    await turn()
    const before = [...ends]
    cycle.onClose(1006, '')
    cycle.onClose(1006, '')
    await Promise.race([done, turn()])
    expect(ends).toHaveLength(1)
    return before.length === 0 ? [['at the close'], ...ends] : before
  }

  it('is closed with the code of the app, at once', async () => {
    const closes = accepted((send) => send({ type: 'websocket.close', code: 4000 }))
    expect(await endsOf(closes)).toEqual([['closed', 101, null, 4000, undefined]])
  })

  it('is closed with 1000 when the app returns, and with 1011 and the error when it throws', async () => {
    expect(await endsOf(accepted(() => undefined))).toEqual([
      ['closed', 101, null, 1000, undefined],
    ])
    expect(await endsOf(accepted(() => Promise.reject(BUG)))).toEqual([
      ['closed', 101, null, 1011, BUG],
    ])
  })

  it('is closed with the code of the client, or 1006 for a lost connection', async () => {
    const closed = (code: number) => [['closed', 101, null, code, undefined]]
    expect(await endsOf(deaf, (cycle) => cycle.onClose(3001, ''))).toEqual(closed(3001))
    expect(await endsOf(deaf)).toEqual([['at the close'], ...closed(1006)])
  })

  it('is closed with 1001 when the server shuts down', async () => {
    expect(await endsOf(deaf, (cycle) => cycle.shutdown())).toEqual([
      ['closed', 101, null, 1001, undefined],
    ])
  })

  it('is denied with the status and the bytes of the denial', async () => {
    const denies: EventApp = async (_scope, _receive, send) => {
      await send({ type: 'websocket.http.response.start', status: 401 })
      await send({ type: 'websocket.http.response.body', body: 'who', moreBody: true })
      await send({ type: 'websocket.http.response.body', body: '?' })
    }
    expect(await endsOf(denies)).toEqual([['denied', 401, 4, undefined, undefined]])
    const closes: EventApp = (_scope, _receive, send) => send({ type: 'websocket.close' })
    expect(await endsOf(closes)).toEqual([['denied', 403, 0, undefined, undefined]])
  })

  it("is denied with the server's answer, and the error of the app", async () => {
    const throws: EventApp = () => Promise.reject(BUG)
    expect(await endsOf(throws)).toEqual([['denied', 500, 22, undefined, BUG]])
    const waits: EventApp = async (_scope, receive) => void (await receive(), await receive())
    expect(await endsOf(waits, (cycle) => cycle.shutdown())).toEqual([
      ['denied', 503, 20, undefined, undefined],
    ])
  })

  it('is disconnected, or aborted by a shutdown, without an answer', async () => {
    const never: EventApp = () => new Promise(() => undefined)
    const gone = expect.any(ClientDisconnectedError)
    expect(await endsOf(never)).toEqual([
      ['at the close'],
      ['disconnected', null, 0, undefined, gone],
    ])
    const half: EventApp = async (_scope, _receive, send) => {
      await send({ type: 'websocket.http.response.start', status: 401 })
      await send({ type: 'websocket.http.response.body', body: 'who', moreBody: true })
      await never(_scope, _receive, send)
    }
    expect(await endsOf(half, (cycle) => cycle.closeNow())).toEqual([
      ['at the close'],
      ['aborted', 401, 3, undefined, expect.any(ServerShutdownError)],
    ])
  })

  it('is aborted when a denial breaks off', async () => {
    const half: EventApp = async (_scope, _receive, send) => {
      await send({ type: 'websocket.http.response.start', status: 401 })
      await send({ type: 'websocket.http.response.body', body: 'who', moreBody: true })
      throw BUG
    }
    expect(await endsOf(half)).toEqual([['aborted', 401, 3, undefined, BUG]])
  })
})
