// A real child process of `test/fixtures/channels/worker.js`.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { settlesWithin } from '../../../src/waiting/settles-within.ts'
import type { ChildProcess, ForkOptions } from 'node:child_process'
import type { ClusterOptions } from 'isthmus/channels'

export const WORKER: string = fileURLToPath(
  new URL('../../fixtures/channels/worker.js', import.meta.url),
)

// A start on a busy machine takes seconds.
const DEADLINE_MS = 40_000

/** Asks a child process for actions, one or more at a time. */
export class ChannelsWorker {
  readonly process: ChildProcess
  // A worker of node:cluster drops the messages that come before its program listens.
  readonly #ready: Promise<void>
  #last = 0

  constructor(child: ChildProcess) {
    this.process = child
    this.#ready = readyOf(child)
  }

  async ask<Answer>(action: string, fields: object = {}): Promise<Answer> {
    await within(this.#ready, 'start of the worker')
    const id = (this.#last += 1)
    const answered = new Promise<Answer>((resolve) => {
      const onMessage = (message: { id?: number; answer: Answer }): void => {
        if (message.id !== id) return
        this.process.off('message', onMessage)
        resolve(message.answer)
      }
      this.process.on('message', onMessage)
    })
    this.process.send({ action, id, ...fields })
    return within(answered, `answer to ${action}`)
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const exited = once(this.process, 'exit')
    this.process.kill(signal)
    await within(exited, 'end of the worker')
  }
}

export function startWorker(
  channels: ClusterOptions,
  serialization: ForkOptions['serialization'] = 'json',
): ChannelsWorker {
  const env = { ...process.env, CHANNELS: JSON.stringify(channels) }
  return new ChannelsWorker(fork(WORKER, { env, serialization, execArgv: [] }))
}

function readyOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const onMessage = (message: { isReady?: boolean }): void => {
      if (!message.isReady) return
      child.off('message', onMessage)
      resolve()
    }
    child.on('message', onMessage)
  })
}

async function within<Value>(work: Promise<Value>, what: string): Promise<Value> {
  if (await settlesWithin(work, DEADLINE_MS)) return work
  throw new Error(`no ${what} within ${DEADLINE_MS} ms`)
}
