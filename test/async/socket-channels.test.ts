import { describe, expect, it } from 'vitest'
import { memory } from 'isthmus/channels'
import { lint, testClient } from 'isthmus/testing'
import { websocket } from 'isthmus'
import { AppError, ClientDisconnectedError, IllegalEventError } from '../../src/errors.ts'
import type { ChannelEvent, Channels, Joined } from 'isthmus/channels'
import type { AppSocket, SocketJoinOptions } from 'isthmus'

const KIB = 1024

type Socket = AppSocket<ChannelEvent>

/** An app that joins `board`, says so, and then passes `describeStep` of each step on. */
function joining(options: SocketJoinOptions = {}) {
  return websocket<ChannelEvent>(async (socket) => {
    await socket.join('board', options)
    await socket.send('joined')
    for await (const step of socket) await socket.send(nameOf(step))
  })
}

function nameOf(step: string | Uint8Array | ChannelEvent): string {
  if (typeof step === 'string') return `client ${step}`
  if (step instanceof Uint8Array) return `bytes ${step.length}`
  return step.type === 'gap'
    ? `gap ${step.reason} ${step.lost}`
    : `${step.group} ${String(step.message)}`
}

/** Publishes each message to `board`. */
function publish(channels: Channels, ...messages: unknown[]): void {
  for (const message of messages) channels.publish('board', message)
}

async function take(
  session: { receive(): Promise<string | Uint8Array> },
  count: number,
): Promise<unknown[]> {
  const taken: unknown[] = []
  while (taken.length < count) taken.push(await session.receive())
  return taken
}

/** The messages of `count` texts of {@link ChannelEvent}s: `gap` and `joined` for the others. */
function messagesOf(texts: unknown[]): unknown[] {
  return texts.map((text) => {
    const event = JSON.parse(String(text)) as Record<string, unknown>
    if ('joined' in event)
      return `joined ${String(event['recovered'])} at ${String(event['offset'])}`
    return 'gap' in event
      ? `gap ${String(event['gap'])} ${String(event['lost'])}`
      : event['message']
  })
}

describe('socket.join()', () => {
  it('yields events of groups and messages of the client in the iteration', async () => {
    const channels = memory()
    await using client = await testClient(joining(), { channels })
    await using session = await client.websocket('/')
    expect(await session.receive()).toBe('joined')
    publish(channels, 1)
    expect(await session.receive()).toBe('board 1')
    await session.send('hi')
    expect(await session.receive()).toBe('client hi')
    await session.send(new Uint8Array(3))
    expect(await session.receive()).toBe('bytes 3')
  })

  it('takes from client and groups in turn, and keeps the order of each', async () => {
    const channels = memory()
    const seen: string[] = []
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board')
      expect(await socket.receive()).toBe('all sent')
      publish(channels, 1, 2, 3, 4, 5)
      // After an event that all messages of the client have arrived before, each source has its turn.
      for await (const step of socket) if (seen.push(nameOf(step)) === 8) return
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    await Promise.all(['all sent', 'a', 'b', 'c'].map((text) => session.send(text)))
    await session.finished()
    expect(seen).toEqual([
      'board 1',
      'client a',
      'board 2',
      'client b',
      'board 3',
      'client c',
      'board 4',
      'board 5',
    ])
  })

  it('sends an event as its JSON text', async () => {
    const channels = memory({ history: { board: { size: 10 } } })
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board')
      publish(channels, { seat: 7 })
      for await (const message of socket) await socket.send(message)
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    expect(JSON.parse(String(await session.receive()))).toMatchObject({
      group: 'board',
      message: { seat: 7 },
      offset: 1,
    })
  })

  it('loses nothing if calls of receive() are abandoned', async () => {
    const channels = memory()
    const seen: string[] = []
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board')
      const abandoned = socket.receive()
      const next = socket.receive()
      publish(channels, 1, 2)
      seen.push(nameOf((await next)!), nameOf((await socket.receive())!))
      expect(await abandoned).toMatchObject({ message: 1 })
      const waiting = socket.receive()
      await socket.send('now')
      seen.push(nameOf((await waiting)!))
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    await session.receive()
    await session.send('x')
    await session.finished()
    expect(seen).toEqual(['board 1', 'board 2', 'client x'])
  })

  it('takes effect for a read that follows without a wait, and accepts the handshake first', async () => {
    const channels = memory()
    const app = websocket<ChannelEvent>(async (socket) => {
      void socket.join('board').then(() => publish(channels, 1))
      await socket.send(nameOf((await socket.receive())!))
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    expect(await session.receive()).toBe('board 1')
  })

  it('recovers the messages after a position, and yields a gap if they are gone', async () => {
    const channels = memory({ history: { board: { size: 2 } } })
    const consumer = channels.subscribe()
    await consumer.join('board')
    publish(channels, 1)
    const { position } = (await consumer.receive())!
    publish(channels, 2, 3)

    await using client = await testClient(joining({ since: position }), { channels })
    await using session = await client.websocket('/')
    expect(await take(session, 3)).toEqual(['joined', 'board 2', 'board 3'])
    publish(channels, 4)
    await using late = await client.websocket('/')
    expect(await take(late, 4)).toEqual(['joined', 'gap history 1', 'board 3', 'board 4'])
  })

  it('returns the position and the number of recovered messages', async () => {
    const channels = memory({ history: { board: { size: 9 } } })
    publish(channels, 1)
    const results: Joined[] = []
    const app = websocket<ChannelEvent>(async (socket) => {
      const first = await socket.join('board')
      publish(channels, 2, 3)
      results.push(first, await socket.join('board', { since: first.position }))
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    await session.finished()
    const epoch = results[0]?.position?.epoch
    expect(results).toEqual([
      { position: { epoch, offset: 1 }, recovered: null },
      { position: { epoch, offset: 3 }, recovered: 2 },
    ])
  })

  it('leaves a group: none of its events comes any more, those that wait included', async () => {
    const channels = memory()
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board')
      await socket.join('news')
      publish(channels, 1)
      channels.publish('news', 2)
      socket.leave('board')
      socket.leave('unknown')
      publish(channels, 3)
      channels.publish('news', 4)
      for (let count = 0; count < 2; count += 1)
        await socket.send(nameOf((await socket.receive())!))
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    expect(await take(session, 2)).toEqual(['news 2', 'news 4'])
  })

  it('closes with 1013 at once if more than maxQueue messages wait for the app', async () => {
    const channels = memory()
    let failure: unknown
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board', { maxQueue: 2 })
      publish(channels, 1, 2, 3)
      await Promise.resolve()
      expect(channels.stats()).toMatchObject({ subscriptions: 0, groups: 0 })
      expect(await socket.receive()).toBeUndefined()
      await socket.join('board').catch((error: unknown) => {
        failure = error
      })
      await socket.send('too late')
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    expect(await session.closed).toEqual({ code: 1013, reason: 'slow consumer' })
    // The loss of the client is no failure of the app.
    await session.finished()
    expect(failure).toBeInstanceOf(ClientDisconnectedError)
  })

  it.each([
    ['dropOldest', ['gap slow 1', 'board 2', 'board 3', 'board 4']],
    ['dropNewest', ['board 1', 'board 2', 'gap slow 1', 'board 4']],
  ] as const)('tells a gap with the policy %s', async (onSlow, expected) => {
    const channels = memory()
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board', { maxQueue: 2, onSlow })
      publish(channels, 1, 2, 3)
      const seen: string[] = []
      while (seen.length < 3) seen.push(nameOf((await socket.receive())!))
      publish(channels, 4)
      seen.push(nameOf((await socket.receive())!))
      await socket.send(seen.join())
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    expect(await session.receive()).toBe(expected.join())
  })

  it('reads messages of the client on if the channels are closed', async () => {
    const channels = memory()
    await using client = await testClient(joining(), { channels })
    await using session = await client.websocket('/')
    await session.receive()
    await channels.close()
    await session.send('still here')
    expect(await session.receive()).toBe('client still here')
  })

  it('works under lint', async () => {
    const channels = memory()
    await using client = await testClient(lint(joining()), { channels })
    await using session = await client.websocket('/')
    await session.receive()
    publish(channels, 1, 2)
    await session.send('x')
    expect(await take(session, 3)).toEqual(
      expect.arrayContaining(['board 1', 'board 2', 'client x']),
    )
  })
})

describe('socket.join() with forward', () => {
  const forwarding = websocket(async (socket) => {
    await socket.join('board', { forward: true })
    for await (const message of socket) await socket.send(`client ${String(message)}`)
  })

  it('sends each event to the client at once, and none to the app', async () => {
    const channels = memory()
    await using client = await testClient(forwarding, { channels })
    await using session = await client.websocket('/')
    expect(await session.receive()).toBe('{"group":"board","joined":true,"recovered":null}')
    publish(channels, 1, { seat: 2 })
    expect(await take(session, 2)).toEqual([
      '{"group":"board","message":1}',
      '{"group":"board","message":{"seat":2}}',
    ])
    await session.send('hi')
    expect(await session.receive()).toBe('client hi')
  })

  it('sends recovered messages, then the position of the join, then live messages', async () => {
    const channels = memory({ history: { board: { size: 2 } } })
    publish(channels, 1, 2, 3, 4)
    const consumer = channels.subscribe()
    const { position } = await consumer.join('board')
    const epoch = position!.epoch
    const app = websocket(async (socket) => {
      const offset = Number(socket.scope.queryString)
      await socket.join('board', { forward: true, since: { epoch, offset } })
      await socket.receive()
    })
    await using client = await testClient(app, { channels })
    await using whole = await client.websocket('/?2')
    expect(messagesOf(await take(whole, 3))).toEqual([3, 4, 'joined 2 at 4'])
    await using late = await client.websocket('/?1')
    expect(messagesOf(await take(late, 4))).toEqual(['gap history 1', 3, 4, 'joined null at 4'])
    publish(channels, 5)
    expect(messagesOf(await take(late, 1))).toEqual([5])
  })

  it('names the position of a message that came before the client hears of the join', async () => {
    const channels = memory({ history: { board: { size: 9 } } })
    const app = websocket(async (socket) => {
      await socket.send('accepted')
      const joined = socket.join('board', { forward: true })
      publish(channels, 1)
      await joined
      await socket.receive()
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    await session.receive()
    expect(messagesOf(await take(session, 2))).toEqual([1, 'joined null at 1'])
  })

  it('sends bytes as base64', async () => {
    const channels = memory()
    await using client = await testClient(forwarding, { channels })
    await using session = await client.websocket('/')
    await session.receive()
    publish(channels, new Uint8Array([1, 2, 3]))
    expect(await session.receive()).toBe('{"group":"board","bytes":"AQID"}')
  })

  it('has one queue for each way: a join with another bound is an error', async () => {
    const channels = memory()
    const failures: string[] = []
    const app = websocket<ChannelEvent>(async (socket) => {
      const attempts: SocketJoinOptions[] = [
        { forward: true, maxQueue: 5 },
        { forward: true, maxQueue: 6 },
        { maxQueue: 6, onSlow: 'dropOldest' },
        { onSlow: 'close' },
        { maxQueue: 0 },
      ]
      for (const options of attempts) {
        await socket.join('board', options).catch((error: Error) => failures.push(error.message))
      }
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    await session.finished()
    expect(failures).toEqual([
      'join(): option "maxQueue" cannot be 6: the groups of the socket share one queue, whose maxQueue is 5',
      `join(): option "onSlow" cannot be 'close': the groups of the socket share one queue, whose onSlow is dropOldest`,
      'join(): option "maxQueue" cannot be 0: the groups of the socket share one queue, whose maxQueue is 6',
    ])
  })

  it('moves a group between the client and the iteration', async () => {
    const channels = memory()
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board', { forward: true })
      await socket.join('board')
      publish(channels, 1)
      await socket.send(nameOf((await socket.receive())!))
      await socket.join('board', { forward: true })
      publish(channels, 2)
      await socket.receive()
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/')
    const [first, ...others] = await take(session, 4)
    expect(messagesOf([first])).toEqual(['joined null at undefined'])
    expect(others[0]).toBe('board 1')
    expect(messagesOf(others.slice(1))).toEqual(
      expect.arrayContaining([2, 'joined null at undefined']),
    )
  })

  it.each([
    ['the loss of old messages', 'dropOldest', [1, 'gap slow 2', 4, 5, 6]],
    ['the loss of new messages', 'dropNewest', [1, 2, 3, 'gap slow 2', 6]],
  ] as const)('tells a client that reads again %s', async (_, onSlow, expected) => {
    const channels = memory()
    const app = websocket(async (socket) => {
      await socket.join('board', { forward: true, maxQueue: 2, onSlow })
      await socket.receive()
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/', { highWaterMark: 1 })
    await session.receive()
    // The first message fills the window of the socket.
    const filler = 'x'.repeat(64 * 1024)
    publish(channels, filler, 2, 3, 4, 5)
    const texts = await take(session, 4)
    publish(channels, 6)
    texts.push(await session.receive())
    expect(messagesOf(texts).map((message) => (message === filler ? 1 : message))).toEqual(expected)
  })

  it('closes a client that does not read with 1013, and tells the app its loss', async () => {
    const channels = memory()
    const app = websocket(async (socket) => {
      await socket.join('board', { forward: true, maxQueue: 2 })
      expect(await socket.receive()).toBe('go')
      publish(channels, 'x'.repeat(64 * 1024), 2, 3, 4)
      await Promise.resolve()
      await socket.send('too late')
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/', { highWaterMark: 1 })
    await session.receive()
    await session.send('go')
    expect(await session.closed).toEqual({ code: 1013, reason: 'slow consumer' })
    await session.finished()
    expect(channels.stats()).toMatchObject({ subscriptions: 0, groups: 0 })
  })

  it('tells the join after recovered messages that wait for the client', async () => {
    const channels = memory({ history: { board: { size: 9 } } })
    const consumer = channels.subscribe()
    const { position } = await consumer.join('board')
    publish(channels, 'x'.repeat(64 * 1024), 2, 3)
    const app = websocket(async (socket) => {
      await socket.join('board', { forward: true, since: position })
      await socket.receive()
    })
    await using client = await testClient(app, { channels })
    await using session = await client.websocket('/', { highWaterMark: 1 })
    const texts = await take(session, 4)
    expect(messagesOf(texts).slice(1)).toEqual([2, 3, 'joined 3 at 3'])
  })

  it('keeps up with a middleware that makes a promise for each send', async () => {
    const channels = memory()
    const app = forwarding
    const wrapped: typeof app = (scope, receive, send) =>
      app(scope, receive, async (event) => {
        await Promise.resolve()
        await send(event)
      })
    await using client = await testClient(wrapped, { channels })
    await using session = await client.websocket('/')
    await session.receive()
    const numbers = Array.from({ length: 500 }, (_, at) => at)
    publish(channels, ...numbers)
    expect(messagesOf(await take(session, 500))).toEqual(numbers)
  })
})

describe('a message to 200 sockets', () => {
  it('reaches all but the one that does not read', async () => {
    const channels = memory()
    const texts = new Set<string>()
    const app = websocket(async (socket) => {
      await socket.join('board', { forward: true, maxQueue: 2 })
      await socket.receive()
    })
    await using client = await testClient(app, { channels })
    const slow = await client.websocket('/', { highWaterMark: 1 })
    const sessions = await Promise.all(Array.from({ length: 199 }, () => client.websocket('/')))
    const all = [slow, ...sessions]
    await Promise.all(all.map((session) => session.receive()))
    const filler = 'x'.repeat(KIB * 64)
    for (let at = 0; at < 6; at += 1) {
      publish(channels, `${at}${filler}`)
      for (const session of sessions) texts.add(String(await session.receive()))
    }
    expect(texts.size).toBe(6)
    expect(channels.stats().subscriptions).toBe(199)
    expect(await slow.closed).toMatchObject({ code: 1013 })
    for (const session of sessions) await session.close()
  })
})

describe('the groups of a socket', () => {
  type End = (socket: Socket) => void | Promise<void>

  it.each<[name: string, end: End]>([
    ['returns', () => undefined],
    ['closes the socket', (socket) => socket.close()],
    [
      'closes the socket and hangs',
      async (socket) => {
        await socket.close()
        await new Promise(() => undefined)
      },
    ],
  ])('are left when the handler %s', async (_, end) => {
    const channels = memory()
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board')
      await socket.join('news', { forward: true })
      await end(socket)
    })
    const client = await testClient(app, { channels })
    const session = await client.websocket('/')
    await session.closed
    expect(channels.stats()).toMatchObject({ subscriptions: 0, groups: 0 })
  })

  it('are left when the handler throws', async () => {
    const channels = memory()
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board')
      throw new Error('broken')
    })
    await using client = await testClient(app, { channels, raiseAppErrors: false })
    await using session = await client.websocket('/')
    expect(await session.closed).toMatchObject({ code: 1011 })
    expect(channels.stats()).toMatchObject({ subscriptions: 0, groups: 0 })
  })

  it('are left by 1,000 clients that leave, also if their handlers hang', async () => {
    const channels = memory()
    let joined = 0
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board')
      await socket.join('news', { forward: true })
      joined += 1
      await new Promise(() => undefined)
    })
    const client = await testClient(app, { channels })
    const sessions = await Promise.all(Array.from({ length: 1_000 }, () => client.websocket('/')))
    await Promise.all(sessions.map((session) => session.receive()))
    expect(joined).toBe(1_000)
    expect(channels.stats()).toMatchObject({ subscriptions: 2_000, groups: 2 })
    for (const session of sessions) session.drop()
    await Promise.all(sessions.map((session) => session.closed))
    expect(channels.stats()).toMatchObject({ subscriptions: 0, groups: 0 })
  })

  it('throw ClientDisconnectedError at a join after the client has left, or while it leaves', async () => {
    const failures: unknown[] = []
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board')
      expect(await socket.receive()).toBeUndefined()
      await socket.join('news').catch((error: unknown) => failures.push(error))
      await socket.join('news', { forward: true }).catch((error: unknown) => failures.push(error))
    })
    await using client = await testClient(app)
    await using session = await client.websocket('/')
    await session.close()
    await session.finished()
    expect(failures).toHaveLength(2)
    for (const failure of failures) expect(failure).toBeInstanceOf(ClientDisconnectedError)
  })

  it('cannot be joined after a denial', async () => {
    let failure: unknown
    const app = websocket(async (socket) => {
      await socket.deny(403)
      await socket.join('board', { forward: true }).catch((error: unknown) => {
        failure = error
      })
    })
    await using client = await testClient(app)
    await expect(client.websocket('/')).rejects.toThrow('403')
    expect(failure).toBeInstanceOf(IllegalEventError)
  })

  it('cannot be joined after the close of the app', async () => {
    let failure: unknown
    const app = websocket(async (socket) => {
      await socket.accept()
      await socket.close()
      await socket.join('board', { forward: true }).catch((error: unknown) => {
        failure = error
      })
    })
    await using client = await testClient(app)
    await using session = await client.websocket('/')
    await session.finished()
    expect(failure).toBeInstanceOf(IllegalEventError)
  })

  it('need channels: another host gets an error that says so', async () => {
    let failure: unknown
    const app = websocket(async (socket) => {
      const { 'isthmus.channels': _, ...scope } = socket.scope
      Object.assign(socket, { scope })
      await socket.join('board', { forward: true }).catch((error: unknown) => {
        failure = error
      })
    })
    await using client = await testClient(app)
    await using session = await client.websocket('/').catch(() => null)
    expect(session).toBeNull()
    expect(failure).toBeInstanceOf(AppError)
    expect(String(failure)).toContain('scope has no "isthmus.channels"')
  })
})
