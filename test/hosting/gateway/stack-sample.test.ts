// The stack of a thread that does not answer.

import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished } from 'vitest'
import { sampleStack } from '../../../src/hosting/gateway/stack-sample.ts'

/** A thread that has begun to run `code`, and says when it has done so. */
async function runningThread(code: string): Promise<{ worker: Worker; done: Promise<unknown> }> {
  const begun = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
    Atomics.store(workerData, 0, 1);
    ${code};
    parentPort.postMessage('done')`,
    { eval: true, workerData: begun },
  )
  onTestFinished(async () => void (await worker.terminate()))
  const done = new Promise((resolve) => worker.once('message', resolve))
  await expect.poll(() => Atomics.load(begun, 0)).toBe(1)
  await sleep(50)
  return { worker, done }
}

const busyFor = (ms: number): string =>
  `(function busy() { const end = Date.now() + ${ms}; while (Date.now() < end); })()`

// Code of the system, which the inspector cannot interrupt.
const blockedFor = (seconds: number): string =>
  `require('node:child_process').execFileSync('sleep', ['${seconds}'])`

it('is the code that the thread runs, and the thread goes on', async () => {
  const { worker, done } = await runningThread(busyFor(2_000))
  expect(await sampleStack(worker.threadId)).toContain('at busy')
  expect(await done).toBe('done')
})

it('is undefined for a thread that code of the system blocks, and the thread goes on afterwards', async () => {
  const { worker, done } = await runningThread(`${blockedFor(3)}; ${busyFor(10)}`)
  expect(await sampleStack(worker.threadId)).toBeUndefined()
  expect(await done).toBe('done')
})

it('is undefined for a thread that is gone', async () => {
  expect(await sampleStack(-1)).toBeUndefined()
})

it('lets a thread end that pauses after the wait for its stack is over', async () => {
  const { worker } = await runningThread(`${blockedFor(1.5)}; ${busyFor(10_000)}`)
  await sampleStack(worker.threadId)
  await sleep(1_000)
  await worker.terminate()
  expect(worker.threadId).toBe(-1)
})
