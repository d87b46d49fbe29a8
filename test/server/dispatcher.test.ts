import { describe, expect, it } from 'vitest'
import { Dispatcher } from '../../src/server/dispatcher.ts'
import { resolveOptions } from '../../src/server/resolve-options.ts'
import { recordingLog, turn } from '../bridge/host.ts'
import { FakeHttpTransport } from './fake-http-transport.ts'
import { FakeWebSocketTransport } from './fake-websocket-transport.ts'
import { headWith } from './request-head.ts'
import type { EventApp } from '../../src/contract/events.ts'
import type { Log } from '../../src/contract/log.ts'
import type { ServeOptions } from '../../src/server/options.ts'
import type { RequestHead } from '../../src/http/request-head.ts'

/** Waits until the client leaves or the server closes, then answers. */
const waiting: EventApp = async (scope, receive, send) => {
  await receive()
  await receive()
  if (scope.type !== 'http') return
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: 'a' })
}

function dispatcherOf(
  app: EventApp,
  options: ServeOptions = {},
  log: Log = recordingLog(),
): Dispatcher {
  const plain = { serverHeader: null, dateHeader: false, ...options }
  return new Dispatcher(app, { db: 1 }, resolveOptions(plain, log))
}

function request(dispatcher: Dispatcher, parts: Partial<RequestHead> = {}): FakeHttpTransport {
  const transport = new FakeHttpTransport()
  transport.events = dispatcher.http(headWith(parts), transport)
  return transport
}

const REFUSED = ['head 503', 'chunk Service Unavailable\n', 'end']

describe('Dispatcher', () => {
  it('[3b.64] gives every app its scope, with a copy of the state', async () => {
    const states: unknown[] = []
    const dispatcher = dispatcherOf(async (scope) => {
      states.push({ ...scope.state })
      scope.state['own'] = true
    })
    request(dispatcher)
    request(dispatcher)
    await dispatcher.idle()
    expect(states).toEqual([{ db: 1 }, { db: 1 }])
  })

  it('answers a bad head by itself, and closes the connection', () => {
    const log = recordingLog()
    const dispatcher = dispatcherOf(waiting, {}, log)
    const transport = request(dispatcher, { target: '/%00' })
    expect(transport.calls).toEqual(['head 400', 'chunk Bad Request\n', 'end'])
    expect(transport.heads[0]?.at(-1)).toEqual(['connection', 'close'])
    expect(log.lines).toEqual(['info: GET /%00 400 refused: the request path has a %00'])
    transport.events?.onBody(Buffer.from('late'))
    transport.events?.onDisconnect()
  })

  it('answers 503 with Retry-After above the limit of requests at once', async () => {
    const dispatcher = dispatcherOf(waiting, { maxConcurrency: 1 })
    const first = request(dispatcher)
    await turn()
    const second = request(dispatcher)
    expect(second.calls).toEqual(REFUSED)
    expect(second.heads[0]).toContainEqual(['retry-after', '1'])
    first.events?.onDisconnect()
    await dispatcher.idle()
    const third = request(dispatcher)
    expect(third.calls).toEqual([])
    third.events?.onDisconnect()
    await dispatcher.idle()
  })

  it('denies a WebSocket above the limit', async () => {
    const dispatcher = dispatcherOf(waiting, { maxConcurrency: 1 })
    const first = request(dispatcher)
    const transport = new FakeWebSocketTransport()
    expect(dispatcher.websocket(headWith(), [], transport)).toBeNull()
    expect(transport.calls).toEqual([['deny', 503, 'Service Unavailable\n', true]])
    first.events?.onDisconnect()
    await dispatcher.idle()
  })

  it('[3c.5] refuses a WebSocket that is not under the root path', () => {
    const dispatcher = dispatcherOf(waiting, { rootPath: '/api', rootPathMode: 'verify' })
    const transport = new FakeWebSocketTransport()
    expect(dispatcher.websocket(headWith(), [], transport)).toBeNull()
    expect(transport.calls).toEqual([['deny', 404, 'Not Found\n', true]])
  })

  it('tells running exchanges that the server closes, and serves later requests until they are told', async () => {
    const dispatcher = dispatcherOf(waiting)
    const running = request(dispatcher)
    await turn()
    dispatcher.shutdown()
    const later = request(dispatcher)
    await turn()
    expect(running.calls).toEqual(['head 200', 'chunk a', 'end'])
    expect(later.calls).toEqual([])
    dispatcher.shutdown()
    await dispatcher.idle()
    expect(later.calls).toEqual(['head 200', 'chunk a', 'end'])
  })

  it('resolves every idle() when nothing is running, more than once', async () => {
    const dispatcher = dispatcherOf(waiting)
    await dispatcher.idle()
    for (let round = 0; round < 2; round += 1) {
      const running = request(dispatcher)
      const waits = Promise.all([dispatcher.idle(), dispatcher.idle()]).then(() => 'idle')
      await turn()
      running.events?.onDisconnect()
      expect(await Promise.race([waits, turn().then(turn)])).toBe('idle')
    }
  })

  it('is idle in the end, also with a log that throws', async () => {
    const fail = (): never => {
      throw new Error('disk full')
    }
    const log: Log = { debug: fail, info: fail, warn: fail, error: fail }
    const dispatcher = dispatcherOf(async () => undefined, {}, log)
    request(dispatcher)
    expect(await Promise.race([dispatcher.idle().then(() => 'idle'), turn().then(turn)])).toBe(
      'idle',
    )
  })
})
