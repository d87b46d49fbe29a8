import { describe, expect, it } from 'vitest'
import { hasAnsweredBySocket } from '../../src/sync/socket-answer.ts'
import type { BlockingWebSocket } from 'isthmus'

describe('an app has answered by its socket', () => {
  it.each([
    ['connecting', false],
    ['open', true],
    ['closed', true],
  ] as const)('if that one is not connecting: %s', (state, isAnswered) => {
    const socket = { state } as BlockingWebSocket
    expect(hasAnsweredBySocket({ 'wsgi.websocket': socket })).toBe(isAnswered)
  })

  it('never without a socket', () => {
    expect(hasAnsweredBySocket({})).toBe(false)
  })
})
