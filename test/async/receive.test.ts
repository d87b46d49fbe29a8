import { describe, expect, it, vi } from 'vitest'
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

  it('gives each of several calls of next() an event of its own, in order', async () => {
    let wake: ((event: ReceiveEvent) => void) | undefined
    let pending: Promise<ReceiveEvent> | undefined
    // As that of a server: a call while another one is pending returns the same promise.
    const receive = makeReceive(() => {
      pending ??= new Promise((resolve) => {
        wake = (event) => {
          pending = undefined
          resolve(event)
        }
      })
      return pending
    })
    const iterator = receive[Symbol.asyncIterator]()
    const steps = [iterator.next(), iterator.next(), iterator.next(), iterator.next()]
    const types = ['http.request', 'http.request', 'http.disconnect']
    for (const type of types) {
      await vi.waitFor(() => expect(pending).toBeDefined(), 30_000)
      wake?.({ type } as ReceiveEvent)
    }
    const results = await Promise.all(steps)
    expect(results.map(({ value }) => value?.type)).toEqual([...types, undefined])
    expect(results.at(-1)?.done).toBe(true)
  })

  it('asks for no event after a break, and after an error', async () => {
    let calls = 0
    const receive = makeReceive(async () => {
      calls += 1
      if (calls > 1) throw new ClientDisconnectedError()
      return { type: 'http.request' } as ReceiveEvent
    })
    const iterator = receive[Symbol.asyncIterator]()
    for await (const { type } of { [Symbol.asyncIterator]: () => iterator }) {
      expect(type).toBe('http.request')
      break
    }
    expect(await iterator.next()).toEqual({ done: true, value: undefined })

    const failing = receive[Symbol.asyncIterator]()
    await expect(failing.next()).rejects.toThrow(ClientDisconnectedError)
    expect(await failing.next()).toEqual({ done: true, value: undefined })
    expect(calls).toBe(2)
  })

  it('throws the error of a receive() that throws', async () => {
    const receive = makeReceive(() => {
      throw new ClientDisconnectedError()
    })
    await expect(receive[Symbol.asyncIterator]().next()).rejects.toThrow(ClientDisconnectedError)
  })
})
