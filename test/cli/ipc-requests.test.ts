// Requests between two processes, over a channel in memory.

import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { IpcRequests } from '../../src/cli/ipc-requests.ts'
import { deferred } from '../../src/waiting/deferred.ts'
import { peers } from './master/peers.ts'

const SOON_MS = 20
const LATE_MS = 10_000

describe('requests between a master and a worker', () => {
  it('have answers in both directions, by their numbers', async () => {
    const [master, worker] = peers()
    const first = deferred<string>()
    const asker = new IpcRequests(master, 'worker 1', async (request) => ['master', request])
    const other = new IpcRequests(worker, 'the master', async (request) =>
      request === 'slow' ? first.promise : ['worker', request],
    )
    const slow = asker.ask('slow', LATE_MS)
    expect(await asker.ask('a', LATE_MS)).toEqual(['worker', 'a'])
    expect(await other.ask('b', LATE_MS)).toEqual(['master', 'b'])
    first.resolve('late')
    expect(await slow).toBe('late')
  })

  it('fail with the error of the other process, or at the deadline', async () => {
    const [master, worker] = peers()
    const asker = new IpcRequests(master, 'worker 1', async () => null)
    void new IpcRequests(worker, 'the master', async (request) => {
      if (request === 'never') return deferred().promise
      throw new Error('no such migration')
    })
    await expect(asker.ask('x', LATE_MS)).rejects.toThrow('no such migration')
    await expect(asker.ask('never', SOON_MS)).rejects.toThrow(
      'worker 1 has not answered within 0.02 s',
    )
  })

  it('fail when the other process ends, and after that', async () => {
    const [master] = peers()
    const asker = new IpcRequests(master, 'worker 1', async () => null)
    const asked = asker.ask('x', LATE_MS)
    master.end()
    await expect(asked).rejects.toThrow('worker 1 has ended')
    await expect(asker.ask('x', LATE_MS)).rejects.toThrow('worker 1 has ended')
  })

  it('leave the messages of other users of the channel alone', async () => {
    const [master, worker] = peers()
    const asker = new IpcRequests(master, 'worker 1', async () => null)
    void new IpcRequests(worker, 'the master', async () => 'answer')
    for (const message of [null, 7, 'x', {}, { type: 'isthmus.worker.beat' }]) {
      EventEmitter.prototype.emit.call(master, 'message', message)
      EventEmitter.prototype.emit.call(worker, 'message', message)
    }
    // An answer that comes after its deadline has no request.
    EventEmitter.prototype.emit.call(master, 'message', { type: 'isthmus.answer', id: 99 })
    expect(await asker.ask('x', LATE_MS)).toBe('answer')
  })
})
