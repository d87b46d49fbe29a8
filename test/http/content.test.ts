// The facts about the content of messages: one place for the HTTP exchange, sync apps, middleware and lint.

import { describe, expect, it } from 'vitest'
import { hasBody, hasContent, isEventStream, mayHaveContent } from '../../src/http/content.ts'

describe('hasContent()', () => {
  it('[3a.47] is false for HEAD, 204 and 304', () => {
    expect(hasContent('GET', 200)).toBe(true)
    expect(hasContent('GET', 404)).toBe(true)
    expect(hasContent('HEAD', 200)).toBe(false)
    expect(hasContent('GET', 204)).toBe(false)
    expect(hasContent('GET', 304)).toBe(false)
  })
})

describe('mayHaveContent()', () => {
  it('is false for 204 and 304 alone', () => {
    const without = Array.from({ length: 800 }, (_, index) => 200 + index).filter(
      (status) => !mayHaveContent(status),
    )
    expect(without).toEqual([204, 304])
  })
})

describe('hasBody()', () => {
  it.each([
    [[], false],
    [[['content-length', '0']], false],
    [[['content-length', '5']], true],
    [[['transfer-encoding', 'chunked']], true],
  ] as Array<[Array<[string, string]>, boolean]>)(
    'of a request with the fields %j is %s',
    (headers, expected) => {
      expect(hasBody({ headers })).toBe(expected)
    },
  )
})

describe('isEventStream()', () => {
  it.each(['text/event-stream', 'Text/Event-Stream', 'text/event-stream; charset=utf-8'])(
    'recognizes %s',
    (type) => expect(isEventStream(type)).toBe(true),
  )

  it.each(['text/html', 'text/event-streams', 'text/event', 'application/event-stream', ''])(
    'does not recognize %j',
    (type) => expect(isEventStream(type)).toBe(false),
  )
})
