import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { event, hearing, httpScope, saying, underLint } from './stage.ts'
import type { SendEvent } from '../../../src/contract/events.ts'

const START = event('http.response.start', { status: 200 })
const BODY = event('http.response.body', { body: 'ok' })

describe('the values of events under lint', () => {
  const sent = (keys: Record<string, unknown>): Promise<unknown> =>
    underLint(saying(event('http.response.start', { status: 200, ...keys }), BODY), httpScope())

  it('[3b.4] are values that every transport can carry', async () => {
    const keys = { extra: [1, 'a', null, true, { bytes: new Uint8Array(1), absent: undefined }] }
    await expect(sent(keys)).resolves.toHaveLength(2)
  })

  it.each([
    ['a function', { note: () => 1 }, 'http.response.start.note is a function'],
    ['a symbol', { note: Symbol('s') }, 'http.response.start.note is a symbol'],
    ['a bigint', { note: 1n }, 'http.response.start.note is 1'],
    ['NaN', { note: [Number.NaN] }, 'http.response.start.note.0 is NaN'],
    ['Infinity', { note: { deep: -Infinity } }, 'http.response.start.note.deep is -Infinity'],
    ['a Date', { note: new Date(0) }, 'http.response.start.note is a Date'],
    ['a hole', { note: [undefined] }, 'http.response.start.note.0 is undefined'],
    ['an ArrayBuffer', { note: new ArrayBuffer(1) }, 'http.response.start.note is an ArrayBuffer'],
  ])('[3b.4] are not %s', async (_name, keys, message) => {
    await expect(sent(keys)).rejects.toThrow(`app broke the values of events: ${message}`)
  })

  it('[3b.4] do not contain themselves', async () => {
    const note: Record<string, unknown> = {}
    note.self = note
    await expect(sent({ note })).rejects.toThrow('http.response.start.note.self contains itself')
  })

  it('[3b.4] may be any JSON and bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (note) => {
        expect(await sent({ note })).toHaveLength(2)
      }),
      { seed: 7, numRuns: 100 },
    )
  })

  it('belong to a plain object with a type', async () => {
    for (const bad of [undefined, null, 'http.response.start', [], {}, { type: 1 }, new Map()]) {
      const linted = underLint(saying(bad as unknown as SendEvent), httpScope())
      await expect(linted).rejects.toThrow(
        'is not an event; pass a plain object with a string `type`',
      )
    }
  })

  it('[3b.4] are the duty of the server too', async () => {
    const events = [
      event('http.request', { body: new Uint8Array(0), moreBody: false, at: new Date(0) }),
    ]
    await expect(underLint(hearing(1, START, BODY), httpScope(), events)).rejects.toThrow(
      'server broke the values of events: http.request.at is a Date',
    )
  })
})
