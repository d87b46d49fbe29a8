import { describe, expect, it } from 'vitest'
import { ServerExchangeContext } from '../../src/async/exchange-context.ts'
import { makeReceive } from '../../src/async/receive.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { websocket } from '../../src/async/websocket-app.ts'
import {
  ClientDisconnectedError,
  IllegalEventError,
  UnsupportedScopeError,
} from '../../src/errors.ts'
import type { ReceiveEvent, Scope, SendEvent, WebSocketScope } from '../../src/contract/events.ts'

type SocketHandler = Parameters<typeof websocket<never>>[0]

const SCOPE = { type: 'websocket', subprotocols: ['chat'] } as unknown as WebSocketScope
const CONNECT: ReceiveEvent = { type: 'websocket.connect' }
const GONE: ReceiveEvent = { type: 'websocket.disconnect', code: 1000, reason: '' }

function text(message: string): ReceiveEvent {
  return { type: 'websocket.receive', text: message }
}

/** Runs `handler` on these events and returns the sent events; `refuse` may throw in place of the server. */
async function play(
  handler: SocketHandler,
  events: ReceiveEvent[] = [],
  refuse: (event: SendEvent) => void = () => undefined,
  scope = SCOPE,
): Promise<SendEvent[]> {
  const sent: SendEvent[] = []
  const queue = [CONNECT, ...events]
  const receive = makeReceive(() => Promise.resolve(queue.shift() ?? GONE))
  await websocket(handler)(scope, receive, async (event) => {
    refuse(event)
    sent.push(event)
  })
  return sent
}

const LEFT = {
  ...SCOPE,
  'isthmus.exchange': { onDisconnect: (callback: () => void) => callback() },
} as unknown as WebSocketScope

const left = (event: SendEvent): void => {
  if (event.type !== 'websocket.accept') throw new ClientDisconnectedError()
}

describe('websocket()', () => {
  it('throws UnsupportedScopeError for scopes of other types', async () => {
    const scope = { type: 'lifespan' } as Scope
    const receive = makeReceive(() => Promise.resolve(CONNECT))
    const run = websocket(() => undefined)(scope, receive, () => Promise.resolve())
    await expect(run).rejects.toThrow(UnsupportedScopeError)
  })

  it('accepts at the first iteration and ends it when the client leaves', async () => {
    const sent = await play(
      async (socket) => {
        for await (const message of socket) await socket.send(message)
      },
      [text('a'), { type: 'websocket.receive', bytes: new Uint8Array([1]) }],
    )
    expect(sent).toEqual([
      { type: 'websocket.accept' },
      { type: 'websocket.send', text: 'a' },
      { type: 'websocket.send', bytes: new Uint8Array([1]) },
    ])
  })

  it('accepts once, before the first of several sends, and keeps their order', async () => {
    const sent = await play(async (socket) => {
      await Promise.all(['a', 'b', 'c'].map((message) => socket.send(message)))
    })
    expect(sent).toEqual([
      { type: 'websocket.accept' },
      { type: 'websocket.send', text: 'a' },
      { type: 'websocket.send', text: 'b' },
      { type: 'websocket.send', text: 'c' },
    ])
  })

  it('receives undefined after the client has left, and an empty message before that', async () => {
    const seen: unknown[] = []
    await play(
      async (socket) => void seen.push(await socket.receive(), await socket.receive()),
      [text('')],
    )
    expect(seen).toEqual(['', undefined])
  })

  it('[3b.43] accepts with a subprotocol and headers', async () => {
    const sent = await play(async (socket) => {
      expect(socket.subprotocols).toEqual(['chat'])
      await socket.accept({ subprotocol: 'chat', headers: [['x', 'y']] })
      await socket.send('a')
    })
    expect(sent[0]).toEqual({
      type: 'websocket.accept',
      subprotocol: 'chat',
      headers: [['x', 'y']],
    })
    expect(sent).toHaveLength(2)
  })

  it('allows a denial after a refused accept', async () => {
    const sent = await play(
      async (socket) => {
        await socket.accept({ subprotocol: 'other' }).catch(() => socket.deny(400))
      },
      [],
      (event) => {
        if (event.type === 'websocket.accept') throw new IllegalEventError('not offered')
      },
    )
    expect(sent.map((event) => event.type)).toEqual([
      'websocket.http.response.start',
      'websocket.http.response.body',
    ])
  })

  it('[3b.47] denies with status, headers and body', async () => {
    const sent = await play((socket) => socket.deny(401, [['x', 'y']], 'no'))
    expect(sent).toEqual([
      { type: 'websocket.http.response.start', status: 401, headers: [['x', 'y']] },
      { type: 'websocket.http.response.body', body: 'no' },
    ])
  })

  it('[3b.52] closes once, with a code and a reason', async () => {
    const sent = await play(async (socket) => {
      await socket.accept()
      await socket.close(4000, 'enough')
      await socket.close()
    })
    expect(sent.slice(1)).toEqual([{ type: 'websocket.close', code: 4000, reason: 'enough' }])
  })

  it('keeps the order of sends and a close, awaited or not', async () => {
    const sent = await play(async (socket) => {
      const sends = [socket.send('a'), socket.send('b')]
      await socket.close()
      await Promise.all(sends)
    })
    expect(sent.map((event) => ('text' in event ? event.text : event.type))).toEqual([
      'websocket.accept',
      'a',
      'b',
      'websocket.close',
    ])
  })

  it('[3b.44] closes an unanswered handshake without accepting it', async () => {
    const sent = await play((socket) => socket.close())
    expect(sent.map((event) => event.type)).toEqual(['websocket.close'])
  })

  it('does not close the socket when the loop is left early', async () => {
    const sent = await play(
      async (socket) => {
        for await (const message of socket) if (message === 'a') break
        await socket.send(String(await socket.receive()))
      },
      [text('a'), text('b')],
    )
    expect(sent.at(-1)).toEqual({ type: 'websocket.send', text: 'b' })
  })

  it('[3b.8] ends without an error after a send finds the client gone, and the handler can catch it', async () => {
    let failure: unknown
    const handler: SocketHandler = async (socket) => {
      try {
        await socket.send('a')
      } catch (error) {
        failure = error
        throw error
      }
    }
    await play(handler, [], left, LEFT)
    expect(failure).toBeInstanceOf(ClientDisconnectedError)
  })

  it('[3b.8] throws the loss of another connection, and every other error', async () => {
    const other = new ClientDisconnectedError()
    const here = new ServerExchangeContext(SILENT_LOG)
    const scope: WebSocketScope = { ...SCOPE, 'isthmus.exchange': here }
    await expect(play(() => Promise.reject(other), [], undefined, scope)).rejects.toBe(other)
    const broken = new Error('broken')
    await expect(play(() => Promise.reject(broken))).rejects.toBe(broken)
  })

  it('causes no unhandled rejection for a send without await', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    await play(
      (socket) => {
        void socket.send('b')
        void socket.close()
        void socket.deny(404)
        return undefined
      },
      [],
      () => {
        throw new IllegalEventError('refused')
      },
    )
    await new Promise((resolve) => setTimeout(resolve, 0))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it('ends the iteration of a client that left before it was accepted', async () => {
    const seen: unknown[] = []
    await play(
      async (socket) => {
        for await (const message of socket) seen.push(message)
      },
      [],
      () => {
        throw new ClientDisconnectedError()
      },
    )
    expect(seen).toEqual([])
  })

  it('does nothing for a client that left before it connected', async () => {
    const receive = makeReceive(() => Promise.resolve(GONE))
    let ran = false
    const app = websocket(() => {
      ran = true
    })
    await app(SCOPE, receive, () => Promise.resolve())
    expect(ran).toBe(false)
  })

  it('has the signal of the exchange, or under other hosts one that never aborts', async () => {
    const { signal } = new AbortController()
    const own = { ...SCOPE, 'isthmus.exchange': { signal } } as unknown as WebSocketScope
    const seen: AbortSignal[] = []
    const app = websocket((socket) => void seen.push(socket.signal))
    for (const scope of [own, SCOPE]) {
      await app(
        scope,
        makeReceive(() => Promise.resolve(CONNECT)),
        () => Promise.resolve(),
      )
    }
    expect(seen[0]).toBe(signal)
    expect(seen[1]?.aborted).toBe(false)
  })
})
