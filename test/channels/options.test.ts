import { describe, expect, it } from 'vitest'
import { runInNewContext } from 'node:vm'
import { InvalidOptionError } from 'isthmus'
import { InvalidChannelError, memory } from 'isthmus/channels'
import { payloadOf } from '../../src/channels/options.ts'
import type { Channels, HistoryOptions } from 'isthmus/channels'

const publishing = (group: unknown, message: unknown, channels = memory()) => {
  return () => channels.publish(group as string, message)
}

async function hasHistory(channels: Channels, group: string): Promise<boolean> {
  using consumer = channels.subscribe()
  return (await consumer.join(group)).position !== null
}

describe('the name of a group', () => {
  it.each(['a', 'x'.repeat(255), 'isthmus', 'isthmus.direct', '😀', ' '])('may be %j', (group) => {
    expect(publishing(group, 1)()).toBe(true)
  })

  it.each([
    ['', /1 to 255 characters, got an empty string$/],
    ['x'.repeat(256), /1 to 255 characters/],
    [7, /got 7$/],
    [null, /got null$/],
    ['a\ud800', /half of a surrogate pair/],
    ['isthmus.direct.x', /use send\(address, message\)$/],
  ])('cannot be %j', async (group, message) => {
    expect(publishing(group, 1)).toThrow(InvalidChannelError)
    expect(publishing(group, 1)).toThrow(message)
    const join = memory()
      .subscribe()
      .join(group as string)
    await expect(join).rejects.toThrow(InvalidChannelError)
  })
})

describe('a message', () => {
  it.each([
    [-0, '0'],
    [Number.NaN, 'null'],
    [[undefined, () => 1], '[null,null]'],
    [{ a: undefined }, '{}'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [{ toJSON: () => 7 }, '7'],
    ['\ud800', String.raw`"\ud800"`],
    [JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
  ])('of %j is the text %s', (message, text) => {
    expect(payloadOf(message, 1_000)).toBe(text)
  })

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a BigInt', { n: 1n }],
    ['a circle', (() => Object.assign([] as unknown[], { 0: globalThis }))()],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['another view', new Uint16Array(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    [
      'a fault of toJSON',
      {
        toJSON: () => {
          throw new Error('no')
        },
      },
    ],
  ])('cannot be %s', (_name, message) => {
    expect(publishing('a', message)).toThrow(InvalidChannelError)
  })

  it('may be bytes of another realm', () => {
    const bytes = runInNewContext('Uint8Array.of(1, 2)') as Uint8Array
    const payload = payloadOf(bytes, 10)
    expect(payload).toEqual(Uint8Array.of(1, 2))
    expect(payload).toBeInstanceOf(Uint8Array)
  })

  it('has at most maxMessageBytes, in UTF-8', () => {
    const channels = memory({ maxMessageBytes: 6 })
    expect(publishing('a', 'éé', channels)()).toBe(true)
    expect(publishing('a', new Uint8Array(6), channels)()).toBe(true)
    expect(publishing('a', 'ééx', channels)).toThrow(
      'a message of 7 bytes is above maxMessageBytes of 6',
    )
    expect(publishing('a', new Uint8Array(7), channels)).toThrow(InvalidChannelError)
    expect(() => channels.send(channels.subscribe().address, 'ééx')).toThrow(InvalidChannelError)
  })

  it('with a depth of some thousands arrives frozen', async () => {
    const channels = memory()
    const consumer = channels.subscribe()
    await consumer.join('a')
    let value: unknown = []
    for (let depth = 0; depth < 3_000; depth += 1) value = [value]
    channels.publish('a', value)
    const event = await consumer.receive()
    let inner = event?.type === 'message' ? event.message : null
    while (Array.isArray(inner) && inner.length > 0) inner = inner[0] as unknown
    expect(inner).toEqual([])
    expect(Object.isFrozen(inner)).toBe(true)
  })
})

describe('an address', () => {
  it.each(['', 'a', null, 7, 'isthmus.direct.x.1', `isthmus.direct.${'0'.repeat(36)}.x`])(
    'cannot be %j',
    (address) => {
      expect(() => memory().send(address as string, 1)).toThrow(InvalidChannelError)
    },
  )
})

describe('a position', () => {
  it.each([
    {},
    7,
    'x',
    { epoch: 'a' },
    { epoch: 'a', offset: -1 },
    { epoch: 'a', offset: 1.5 },
    { epoch: 'a', offset: 2 ** 53 },
    { epoch: 'é', offset: 1 },
    { epoch: 'x'.repeat(65), offset: 1 },
    { epoch: 7, offset: 1 },
  ])('cannot be %j', async (since) => {
    const consumer = memory({ history: { a: { size: 1 } } }).subscribe()
    const join = consumer.join('a', { since: since as never })
    await expect(join).rejects.toThrow(InvalidChannelError)
    expect(consumer.groups).toEqual([])
  })
})

describe('the option history', () => {
  it('is for a name, or for the longest beginning of a name', async () => {
    const history: Record<string, HistoryOptions> = {
      board: { size: 1 },
      'room:*': { size: 1 },
      'room:open:*': { size: 2 },
    }
    const channels = memory({ history })
    for (const group of ['board', 'room:', 'room:1', 'room:open:1']) {
      expect(await hasHistory(channels, group)).toBe(true)
    }
    for (const group of ['boards', 'room', 'Room:1']) {
      expect(await hasHistory(channels, group)).toBe(false)
    }
    for (const n of [1, 2, 3]) channels.publish('room:open:1', n)
    const consumer = channels.subscribe()
    const since = { epoch: '', offset: 0 }
    expect((await consumer.join('room:open:1', { since })).recovered).toBe(2)
  })

  it('refuses other members', () => {
    const history = { board: { size: 1, age: 2 } as HistoryOptions }
    expect(() => memory({ history })).toThrow(InvalidOptionError)
    expect(() => memory({ history })).toThrow('option "history.board.age" cannot be 2')
  })
})
