import { describe, expect, it } from 'vitest'
import { SILENT_LOG } from '../../../src/silent-log.ts'
import { HostChannels } from '../../../src/hosting/thread/host-channels.ts'
import { SyncHost } from '../../../src/hosting/thread/sync-host.ts'
import { scopeData } from '../../../src/hosting/protocol/scope-data.ts'
import { errorStream } from '../../../src/sync/errors-stream.ts'
import { httpScope } from '../../bridge/host.ts'
import type { SyncApp } from 'isthmus'
import type { GatewayLink } from '../../../src/hosting/thread/gateway-link.ts'
import type { FromHost, RequestMessage, ToHost } from '../../../src/hosting/protocol/messages.ts'

const hello: SyncApp = (_environ, startResponse) => {
  startResponse('200 OK', [])
  return ['hello']
}

const scope = scopeData(httpScope())

function request(id: number, parts: Partial<RequestMessage> = {}): RequestMessage {
  return {
    type: 'request',
    id,
    scope,
    environ: {},
    hasBody: false,
    bodyWindow: 0,
    responseWindow: 1_000,
    nestedIn: null,
    context: {
      request: { requestId: undefined, traceparent: undefined, deadline: undefined },
      carried: {},
    },
    extensions: null,
    ...parts,
  }
}

/** A gateway whose messages are there at each poll. */
class Gateway implements GatewayLink {
  readonly heard: FromHost[] = []
  arrive: () => ToHost[] = () => []

  post(message: FromHost): void {
    this.heard.push(message)
  }

  flush(): void {}

  end(): void {}

  arrived(): ToHost[] {
    return this.arrive()
  }

  wait(): ToHost[] {
    throw new Error('it would wait for ever')
  }

  waitForClient(): ToHost[] {
    throw new Error('it would wait for ever')
  }

  step(): void {}

  claim(): boolean {
    return true
  }

  /** The types of the messages about a request. */
  of(id: number): string[] {
    return this.heard
      .filter((message) => 'id' in message && message.id === id)
      .map(({ type }) => type)
  }
}

function host(app: SyncApp, gateway: Gateway): SyncHost {
  const errors = errorStream(() => undefined)
  const channels = new HostChannels(gateway, null, SILENT_LOG)
  return new SyncHost(app, gateway, { multiprocess: false, errors }, channels)
}

describe('a host', () => {
  it('runs requests in their order, and says when each is done', () => {
    const gateway = new Gateway()
    host(hello, gateway).take([request(2), request(1)])
    const ids = gateway.heard.map((message) => ('id' in message ? message.id : 0))
    expect(ids).toEqual([2, 2, 1, 1])
    expect(gateway.of(1)).toEqual(['part', 'done'])
  })

  it('[3c.26] drops late messages of a finished request', () => {
    const gateway = new Gateway()
    const it = host(hello, gateway)
    it.take([request(1)])
    it.take([{ type: 'credit', id: 1, bytes: 5 }])
    it.take([{ type: 'body', id: 1, chunk: new Uint8Array(1), last: true }])
    expect(gateway.of(1)).toEqual(['part', 'done'])
  })

  it('takes messages for a request that is about to begin', () => {
    const gateway = new Gateway()
    const body = new Uint8Array([7])
    gateway.arrive = () => {
      gateway.arrive = () => []
      return [{ type: 'body', id: 1, chunk: body, last: true }]
    }
    const read: Uint8Array[] = []
    const app: SyncApp = (environ, startResponse) => {
      read.push(environ['wsgi.input'].read())
      return hello(environ, startResponse)
    }
    host(app, gateway).take([request(1, { hasBody: true, bodyWindow: 1 })])
    expect(read).toEqual([Buffer.from(body)])
  })

  it('[3c.23] does not run a request that was cancelled before it began', () => {
    const gateway = new Gateway()
    const error = { name: 'Error', message: 'gone', stack: '' }
    host(hello, gateway).take([request(1), { type: 'cancel', id: 1, error }])
    expect(gateway.of(1)).toEqual(['done'])
  })

  it('gives each request the state that was sent before the request', () => {
    const gateway = new Gateway()
    const seen: unknown[] = []
    const app: SyncApp = (environ, startResponse) => {
      seen.push(environ['isthmus.state'])
      return hello(environ, startResponse)
    }
    host(app, gateway).take([
      { type: 'state', set: { a: 1, b: 2 }, unset: [] },
      request(1),
      { type: 'state', set: { a: 3 }, unset: ['b'] },
      request(2),
    ])
    expect(seen).toEqual([{ a: 1, b: 2 }, { a: 3 }])
  })

  it('[3c.22] refuses a nested request whose caller is over', () => {
    const gateway = new Gateway()
    const it = host(hello, gateway)
    it.take([request(1)])
    it.take([request(2, { nestedIn: 1 })])
    expect(gateway.of(2)).toEqual(['failure', 'done'])
  })

  it('[3c.31] lets its event loop turn, however much there is to do', async () => {
    const gateway = new Gateway()
    const most = 1_000_000
    let last = 1
    gateway.arrive = () => {
      gateway.heard.length = 0
      return last < most ? [request(++last)] : []
    }
    host(hello, gateway).take([request(1)])
    expect(last).toBeLessThan(most)
    last = most
    await new Promise((resolve) => setImmediate(resolve))
  })
})
