import { describe, expect, it } from 'vitest'
import { makeReceive } from '../../src/async/receive.ts'
import { ClientDisconnectedError } from '../../src/errors.ts'
import type { ReceiveEvent } from '../../src/contract/events.ts'

function receiveOf(...types: string[]) {
  return makeReceive(async () => {
    const type = types.shift()
    if (type === undefined) throw new ClientDisconnectedError()
    return { type } as ReceiveEvent
  })
}

describe('makeReceive', () => {
  it('can be called and iterated in turn, and loses no event', async () => {
    const receive = receiveOf('http.request', 'http.request', 'http.disconnect', 'never')
    const seen = [(await receive()).type]
    for await (const { type } of receive) seen.push(type)
    expect(seen).toEqual(['http.request', 'http.request', 'http.disconnect'])
  })

  it('ends the iteration after the event that ends the connection', async () => {
    for (const last of ['http.disconnect', 'websocket.disconnect', 'lifespan.shutdown']) {
      const seen: string[] = []
      for await (const { type } of receiveOf('http.request', last, 'never')) seen.push(type)
      expect(seen).toEqual(['http.request', last])
    }
  })

  it('throws the error of receive() out of the iteration', async () => {
    const drain = async (): Promise<void> => {
      for await (const { type } of receiveOf('http.request')) expect(type).toBe('http.request')
    }
    await expect(drain()).rejects.toBeInstanceOf(ClientDisconnectedError)
  })
})
