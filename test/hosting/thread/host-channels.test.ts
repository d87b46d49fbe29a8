// The channels of a thread without a thread: its messages, its bound, and its looks at the port.

import { memory } from 'isthmus/channels'
import { describe, expect, it, vi } from 'vitest'
import { HostRelays } from '../../../src/hosting/gateway/host-relays.ts'
import { HostChannels } from '../../../src/hosting/thread/host-channels.ts'
import { SILENT_LOG } from '../../../src/silent-log.ts'
import type { ToRelay } from '../../../src/channels/link/messages.ts'
import type { ChannelsData, FromHost, LinkMessage } from '../../../src/hosting/protocol/messages.ts'

const FIRST: ChannelsData = { number: 1, maxMessageBytes: 100, history: { kept: { size: 5 } } }
const BOUNDS = { maxPending: 3, maxPendingBytes: 100 }

class Link {
  readonly sent: FromHost[] = []
  readonly #waiting: FromHost[] = []

  post(message: FromHost): void {
    this.#waiting.push(message)
  }

  flush(): void {
    this.sent.push(...this.#waiting.splice(0))
  }

  /** The losses that the published messages tell. */
  get lost(): number[] {
    return this.sent.flatMap((message) =>
      message.type === 'link' && message.message.type === 'publish' ? [message.message.lost] : [],
    )
  }
}

function publish(group: string, payload: string, lost = 0): LinkMessage<ToRelay> {
  return { type: 'link', channels: 1, message: { type: 'publish', group, payload, lost } }
}

describe('the channels of a thread', () => {
  it('drop messages above the bound, and tell it with the next message of the group', () => {
    const link = new Link()
    const host = new HostChannels(link, FIRST, SILENT_LOG, BOUNDS)
    const board = (): boolean | undefined => host.current?.publish('board', 1)
    expect([board(), board(), board(), board(), board()]).toEqual([true, true, true, false, false])
    expect(host.current?.stats()).toMatchObject({ pending: 3, dropped: { publisher: 2 } })
    host.take({ type: 'link', channels: 1, message: { type: 'accepted', count: 3 } })
    expect([host.current?.publish('other', 1), board()]).toEqual([true, true])
    expect(link.lost).toEqual([0, 0, 0, 0, 2])
  })

  it('look for acceptances after many messages, and after many bytes', () => {
    const host = new HostChannels(new Link(), { ...FIRST, maxMessageBytes: 2 ** 21 }, SILENT_LOG)
    const poll = vi.fn<() => void>()
    host.pollWith(poll)
    for (let n = 0; n < 499; n += 1) host.current?.publish('board', n)
    expect(poll).not.toHaveBeenCalled()
    host.current?.publish('board', 'the last one')
    expect(poll).toHaveBeenCalledTimes(1)
    host.current?.publish('board', new Uint8Array(2 ** 20))
    expect(poll).toHaveBeenCalledTimes(2)
  })

  it('are those of the message before a request; none for a server without them', () => {
    const host = new HostChannels(new Link(), null, SILENT_LOG)
    expect(host.current).toBeUndefined()
    host.update({ type: 'channels', channels: FIRST })
    const first = host.current
    host.update({ type: 'channels', channels: { ...FIRST, number: 2 } })
    expect(host.current).not.toBe(first)
    host.update({ type: 'channels', channels: FIRST })
    expect(host.current).toBe(first)
    host.update({ type: 'channels', channels: null })
    expect(host.current).toBeUndefined()
  })
})

describe('the relays of a host', () => {
  it('refuse a message that the host cannot have sent', () => {
    const relays = new HostRelays(() => undefined)
    expect(() => relays.take(publish('board', '1'))).toThrow('no channels with the number 1')
    expect(relays.start(memory({ maxMessageBytes: 100 }))).toMatchObject({ number: 1 })
    relays.take(publish('board', '1'))
    for (const bad of [
      publish('', '1'),
      publish('x'.repeat(256), '1'),
      publish('board', 'x'.repeat(117)),
    ]) {
      expect(() => relays.take(bad)).toThrow('do not allow')
    }
  })

  it('tell the host of other channels only', () => {
    const relays = new HostRelays(() => undefined)
    const [one, other] = [memory(), memory()]
    relays.start(one)
    expect(relays.change(one)).toBeNull()
    expect(relays.change(other)).toMatchObject({ channels: { number: 2 } })
    expect(relays.change(other)).toBeNull()
    expect(relays.change(one)).toMatchObject({ channels: { number: 1 } })
    expect(relays.change(undefined)).toEqual({ type: 'channels', channels: null })
  })

  it('count the messages of the host, and its losses, as those of the process', () => {
    const channels = memory()
    const relays = new HostRelays(() => undefined)
    relays.start(channels)
    relays.take(publish('board', '1', 4))
    relays.take(publish('board', '2'))
    expect(channels.stats()).toMatchObject({ published: 2, dropped: { publisher: 4 } })
  })

  it('leave the groups of the host at its end', async () => {
    const channels = memory()
    const sent: unknown[] = []
    const relays = new HostRelays((message) => sent.push(message))
    relays.start(channels)
    relays.take({ type: 'link', channels: 1, message: { type: 'follow', id: 1, group: 'board' } })
    await vi.waitFor(() => expect(sent).toHaveLength(1), 30_000)
    channels.publish('board', 1)
    expect(sent).toHaveLength(2)
    relays.close()
    channels.publish('board', 2)
    expect(sent).toHaveLength(2)
  })
})
