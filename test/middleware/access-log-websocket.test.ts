// A line at each turn of a WebSocket's life: accepted, denied, closed, lost.

import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { makeReceive } from '../../src/async/receive.ts'
import { websocket } from '../../src/async/websocket-app.ts'
import { events } from '../../src/bridge/style.ts'
import { ServerShutdownError, UnavailableError, UnsupportedScopeError } from '../../src/errors.ts'
import { accessLog } from '../../src/middleware/access-log.ts'
import { HandshakeDeniedError } from '../../src/testing/faults.ts'
import { failureOf, recordingLog } from '../bridge/host.ts'
import { startCycle, turn, websocketScope } from '../server/fake-websocket-transport.ts'
import { logged } from './access-lines.ts'
import type { EventApp, Receive, ReceiveEvent, Send } from '../../src/contract/events.ts'
import type { WebSocketRun } from '../../src/server/websocket/run.ts'

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

/** A WebSocket app of its receive and send alone. */
function app(serve: (receive: Receive, send: Send) => Promise<void>): EventApp {
  return events((_scope, receive, send) => serve(receive, send))
}

/** Receives all events. */
async function hearOut(receive: Receive): Promise<void> {
  const types: string[] = []
  for await (const { type } of receive) types.push(type)
}

/** Accepts, then runs `serve`. */
function accepting(serve: (receive: Receive, send: Send) => Promise<void>): EventApp {
  return app(async (receive, send) => {
    await receive()
    await send({ type: 'websocket.accept' })
    await serve(receive, send)
  })
}

/** The lines of a socket that the app closes by itself, and the code that its client got. */
async function linesAndCode(served: EventApp) {
  await using log = await logged(served)
  await using session = await log.client.websocket('/live')
  const { code } = await session.closed
  return { lines: log.lines, code }
}

/** The lines of a handshake that the app denies, and the status that its client got. */
async function linesAndStatus(served: EventApp) {
  await using log = await logged(served)
  const denial = await failureOf(log.client.websocket('/live'))
  const status = denial instanceof HandshakeDeniedError ? denial.response.status : 'cut'
  return { lines: log.lines, status, fields: log.fields[0] ?? {} }
}

const ACCEPTED = 'info: WEBSOCKET /live 101 accepted'

describe('a WebSocket that is accepted', () => {
  it('has a line for the accept, and one with the code when the client closes the WebSocket', async () => {
    await using log = await logged(echo)
    await using session = await log.client.websocket('/live?token=1')
    await session.send('x')
    expect(await session.receive()).toBe('x')
    expect(log.lines).toEqual([ACCEPTED])
    await session.close(3001, 'bye')
    await session.finished()
    expect(log.lines).toEqual([ACCEPTED, 'info: WEBSOCKET /live closed 3001'])

    const request = { client: '127.0.0.1:49152', method: 'WEBSOCKET', path: '/live' }
    expect(log.fields).toEqual([
      { ...request, status: 101, outcome: 'accepted', durationMs: expect.any(Number) },
      { ...request, code: 3001, outcome: 'closed', durationMs: expect.any(Number) },
    ])
  })

  it('has the code of the app, whether the app awaits its close or not', async () => {
    const waits = accepting((_receive, send) => send({ type: 'websocket.close', code: 4000 }))
    const rushes = accepting(async (_receive, send) => {
      void send({ type: 'websocket.close', code: 4000 })
    })
    const expected = { lines: [ACCEPTED, 'info: WEBSOCKET /live closed 4000'], code: 4000 }
    expect(await linesAndCode(waits)).toEqual(expected)
    expect(await linesAndCode(rushes)).toEqual(expected)
  })

  it('has 1000 if the app returned, and 1011 if it threw', async () => {
    expect(await linesAndCode(accepting(async () => undefined))).toEqual({
      lines: [ACCEPTED, 'info: WEBSOCKET /live closed 1000'],
      code: 1000,
    })
    expect(await linesAndCode(accepting(() => Promise.reject(new Error('a bug'))))).toEqual({
      lines: [ACCEPTED, 'info: WEBSOCKET /live closed 1011'],
      code: 1011,
    })
  })

  it('has 1006 if the client left and the app does not notice', async () => {
    for (const talk of [false, true]) {
      const gate = deferred()
      const served = accepting(async (_receive, send) => {
        await gate.promise
        if (talk) await send({ type: 'websocket.send', text: 'anybody?' })
      })
      await using log = await logged(served)
      await using session = await log.client.websocket('/live')
      session.drop()
      await session.closed
      gate.resolve()
      await session.finished()
      expect(log.lines).toEqual([ACCEPTED, 'info: WEBSOCKET /live closed 1006'])
    }
  })

  it('does not count events that the server refused', async () => {
    const served = accepting(async (_receive, send) => {
      await failureOf(send({ type: 'websocket.accept' }))
      await failureOf(send({ type: 'websocket.close', code: 1 }))
      await failureOf(send(undefined as never))
      await send({ type: 'websocket.close', code: 3000 })
    })
    expect((await linesAndCode(served)).lines).toEqual([
      ACCEPTED,
      'info: WEBSOCKET /live closed 3000',
    ])
  })
})

describe('a WebSocket that is denied', () => {
  it('has 403 if the app closes the handshake', async () => {
    const served = app((_receive, send) => send({ type: 'websocket.close' }))
    expect(await linesAndStatus(served)).toMatchObject({
      lines: ['info: WEBSOCKET /live 403 denied'],
      status: 403,
      fields: { status: 403, outcome: 'denied' },
    })
  })

  it("has the status of the app's response when the response is complete", async () => {
    const served = websocket((socket) => socket.deny(401, [], 'who are you?'))
    const { lines, status } = await linesAndStatus(served)
    expect([lines, status]).toEqual([['info: WEBSOCKET /live 401 denied'], 401])
  })

  it("has the status of the server's answer if the app gives none", async () => {
    const denies = (error: unknown): EventApp => app(() => Promise.reject(error))
    const startsAndThrows = app(async (_receive, send) => {
      await send({ type: 'websocket.http.response.start', status: 401 })
      throw new Error('a bug')
    })
    const answers = [
      await linesAndStatus(app(async () => undefined)),
      await linesAndStatus(denies(new Error('a bug'))),
      await linesAndStatus(denies(new UnsupportedScopeError('websocket'))),
      await linesAndStatus(denies(new UnavailableError('busy'))),
      await linesAndStatus(startsAndThrows),
    ]
    expect(answers.map(({ lines, status }) => [lines, status])).toEqual(
      [500, 500, 404, 503, 500].map((status) => [
        [`info: WEBSOCKET /live ${status} denied`],
        status,
      ]),
    )
  })

  it('is aborted if the denial breaks off', async () => {
    const served = app(async (_receive, send) => {
      await send({ type: 'websocket.http.response.start', status: 401 })
      await send({ type: 'websocket.http.response.body', body: 'who', moreBody: true })
    })
    const { lines, status } = await linesAndStatus(served)
    expect([lines, status]).toEqual([['info: WEBSOCKET /live 401 aborted'], 'cut'])
  })
})

describe('a WebSocket whose client leaves before the answer', () => {
  it('is disconnected, for every later action of the app', async () => {
    const gate = deferred()
    const apps: EventApp[] = [
      app(() => gate.promise),
      app((_receive, send) => gate.promise.then(() => send({ type: 'websocket.accept' }))),
      app(hearOut),
    ]
    for (const served of apps) {
      const log = recordingLog()
      const { cycle, done } = startCycle(accessLog({ log })(served))
      cycle.onClose(1006, '')
      gate.resolve()
      await done
      expect(log.lines).toEqual(['info: WEBSOCKET / - disconnected'])
    }
  })
})

describe('in a shutdown', () => {
  /** The lines of a socket whose server shuts down, and the calls of the transport. */
  async function shutDown(served: EventApp, stop: (cycle: WebSocketRun) => void) {
    const log = recordingLog()
    const { cycle, transport, done } = startCycle(accessLog({ log })(served))
    await turn()
    stop(cycle)
    await turn()
    cycle.onClose(1001, '')
    await done
    return { lines: log.lines, calls: transport.calls.filter(([name]) => name !== 'resume') }
  }
  const accepted = ['accept', null, []]
  const goodbye = ['close', 1001, 'server shutdown']
  const closed = ['info: WEBSOCKET / 101 accepted', 'info: WEBSOCKET / closed 1001']

  it('[3b.63] is closed with 1001 by the server, whether the app listens or not', async () => {
    const listens = accepting(hearOut)
    const talks = accepting(async (_receive, send) => {
      for (;;) {
        await turn()
        await send({ type: 'websocket.send', text: 'tick' })
      }
    })
    expect(await shutDown(listens, (cycle) => cycle.shutdown())).toEqual({
      lines: closed,
      calls: [accepted, goodbye],
    })
    expect((await shutDown(talks, (cycle) => cycle.shutdown())).lines).toEqual(closed)
  })

  it('is closed with 1001 for an app that returns, or throws the reason, at the signal', async () => {
    const told = (then: (signal: AbortSignal) => void): EventApp =>
      events(async (scope, receive, send) => {
        if (scope.type !== 'websocket') throw new UnsupportedScopeError(scope.type)
        const signal = scope['isthmus.exchange']?.signal ?? AbortSignal.abort()
        await receive()
        await send({ type: 'websocket.accept' })
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        then(signal)
      })
    const expected = { lines: closed, calls: [accepted, goodbye] }
    const stop = (cycle: WebSocketRun): void => cycle.shutdown()
    expect(
      await shutDown(
        told(() => undefined),
        stop,
      ),
    ).toEqual(expected)
    const rethrows = told((signal) => signal.throwIfAborted())
    expect(await shutDown(rethrows, stop)).toEqual(expected)

    const fails = told(() => {
      throw new Error('a bug')
    })
    const { lines, calls } = await shutDown(fails, stop)
    expect(lines).toEqual(['info: WEBSOCKET / 101 accepted', 'info: WEBSOCKET / closed 1011'])
    expect(calls).toEqual([accepted, ['close', 1011, '']])
  })

  it('a handshake without an answer is denied with 503, at once or when the grace is over', async () => {
    const told = deferred()
    const stops = app(() => told.promise.then(() => Promise.reject(new ServerShutdownError())))
    const never = app(hearOut)
    for (const served of [stops, never]) {
      const { lines, calls } = await shutDown(served, (cycle) => {
        cycle.shutdown()
        told.resolve()
      })
      expect(lines).toEqual(['info: WEBSOCKET / 503 denied'])
      expect(calls.map(([name, status]) => [name, status])).toEqual([['deny', 503]])
    }
  })
})

describe('the receive of an app inside of the access log', () => {
  it('gives the very promises of the server, and is async-iterable', async () => {
    const pending: Array<Promise<ReceiveEvent>> = []
    const receive = makeReceive(() => {
      pending.push(Promise.resolve({ type: 'websocket.disconnect', code: 1000, reason: '' }))
      return pending.at(-1) as Promise<ReceiveEvent>
    })
    const seen: unknown[] = []
    const served = app(async (own) => {
      seen.push(own())
      for await (const { type } of own) seen.push(type)
    })
    await accessLog({ log: recordingLog() })(served)(websocketScope(), receive, async () => {})
    expect(seen[0]).toBe(pending[0])
    expect(seen[1]).toBe('websocket.disconnect')
  })
})
