import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ThreadInbox } from '../../../src/hosting/gateway/thread-inbox.ts'
import { AnswerRing } from '../../../src/hosting/protocol/answer-ring.ts'
import { checkedFromHost } from '../../../src/hosting/protocol/checked-message.ts'
import type { ToRelay } from '../../../src/channels/link/messages.ts'
import type { FromHost } from '../../../src/hosting/protocol/messages.ts'

const GOOD: FromHost[] = [
  { type: 'part', id: 1, head: null, chunk: 'x', end: false },
  { type: 'part', id: 1, head: { status: 200, headers: [] }, chunk: null, end: true },
  { type: 'done', id: 1, tookMs: 0.5 },
  { type: 'want', id: 1, bytes: 10 },
  { type: 'failure', id: 1, error: { name: 'Error', message: 'x', stack: '' } },
  { type: 'log', level: 'warn', fields: {}, error: null, message: 'x' },
  { type: 'loaded', runs: 'inTurn', error: null },
  { type: 'watch', id: 1 },
  { type: 'event', id: 1, event: { type: 'websocket.accept' } },
  { type: 'worn', left: { Timeout: 100 } },
  ...link({ type: 'publish', group: 'board', payload: '1', lost: 0 }),
  ...link({ type: 'publish', group: 'board', payload: new Uint8Array(1), lost: 2 }),
  ...link({ type: 'follow', id: 1, group: 'board' }),
  ...link({ type: 'unfollow', group: 'board' }),
  ...link({ type: 'read', id: 1, group: 'board', since: null }),
  ...link({ type: 'read', id: 1, group: 'board', since: { epoch: 'a', offset: 1 } }),
  ...link({ type: 'taken', count: 1, bytes: 1 }),
]

function link(message: ToRelay): FromHost[] {
  return [{ type: 'link', channels: 1, message }]
}

describe('a message of a host', () => {
  it('is taken as it is if it has the form', () => {
    for (const message of GOOD) expect(checkedFromHost(message)).toBe(message)
  })

  it('is refused if it has another form', () => {
    const bad: unknown[] = [
      undefined,
      null,
      'ready',
      [],
      { type: 'constructor' },
      { type: 'done', id: 'one', tookMs: 1 },
      { type: 'done', id: 1, tookMs: Number.NaN },
      { type: 'part', id: 1, head: {}, chunk: null, end: true },
      { type: 'part', id: 1, head: null, chunk: 7, end: true },
      { type: 'log', level: 'constructor', fields: {}, error: null, message: '' },
      { type: 'want', id: 1, bytes: '7' },
      { type: 'loaded', runs: 'backwards', error: null },
      { type: 'event', id: 1, event: 'websocket.accept' },
      { type: 'link', channels: 1, message: { type: 'constructor' } },
      { type: 'link', channels: 1, message: null },
      { type: 'link', channels: '1', message: { type: 'unfollow', group: 'board' } },
      { type: 'link', channels: 1, message: { type: 'publish', group: 'b', payload: 1, lost: 0 } },
      {
        type: 'link',
        channels: 1,
        message: { type: 'publish', group: 'b', payload: '', lost: -1 },
      },
      {
        type: 'link',
        channels: 1,
        message: { type: 'read', id: 1, group: 'b', since: { epoch: 1 } },
      },
    ]
    for (const message of bad) expect(() => checkedFromHost(message)).toThrow('has this form')
  })
})

describe('the inbox of a thread', () => {
  it('refuses a value that is no batch, and passes on messages only', () => {
    const cell = fc.oneof(fc.integer({ min: -2, max: 4 }), fc.anything(), fc.constantFrom(...GOOD))
    const property = fc.property(fc.oneof(fc.anything(), fc.array(cell)), (batch) => {
      const passed: FromHost[] = []
      const owner = {
        onMessage: (message: FromHost) => void passed.push(message),
        onPart: () => undefined,
        onDone: () => undefined,
      }
      const inbox = new ThreadInbox(new AnswerRing(), owner)
      try {
        inbox.take(batch)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
      for (const message of passed) expect(checkedFromHost(message)).toBe(message)
    })
    fc.assert(property, { seed: 14, numRuns: 2_000 })
  })
})
