// Connections over the IPC channel of real child processes.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ChildTarget } from '../../src/cli/child-target.ts'
import { ConnectionBalancer } from '../../src/cli/connection-balancer.ts'
import { isMessage, STOP } from '../../src/cli/connection-messages.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import type { ChildProcess } from 'node:child_process'
import type { ServerAddress } from '../../src/server/engine.ts'

const DEADLINE_MS = 30_000
const NO_ANSWER = 'NO_ANSWER'

async function openDoor(): Promise<{ balancer: ConnectionBalancer; ask: () => Promise<string> }> {
  const place = { host: '127.0.0.1', port: 0, uds: null, udsMode: null, udsOwner: null, fd: null }
  const balancer = new ConnectionBalancer({ ...place, backlog: 100, log: SILENT_LOG })
  const address = await balancer.open()
  onTestFinished(() => balancer.close())
  return { balancer, ask: () => answerAt(address) }
}

/** The whole answer at a connection; the name of the error if there is none. */
async function answerAt(address: ServerAddress): Promise<string> {
  const socket = connect({ port: 'port' in address ? address.port : 0, host: '127.0.0.1' })
  const silence = Object.assign(new Error('no answer'), { code: NO_ANSWER })
  socket.setTimeout(DEADLINE_MS, () => socket.destroy(silence))
  return text(socket).catch((error: unknown) => (error as NodeJS.ErrnoException).code ?? '')
}

async function started(env: Record<string, string> = {}): Promise<ChildProcess> {
  const child = fork('test/fixtures/cli/taking-child.js', {
    env: { ...process.env, ...env },
    execArgv: [],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) })
  return child
}

describe('children that take connections', { timeout: 60_000 }, () => {
  it('get them in turn', async () => {
    const children = [await started(), await started()]
    const { balancer, ask } = await openDoor()
    for (const child of children) balancer.add(new ChildTarget(child))
    const answers = await Promise.all(Array.from({ length: 10 }, ask))
    for (const { pid } of children) {
      expect(answers.filter((answer) => answer === String(pid))).toHaveLength(5)
    }
  })

  it('get all connections that were sent before they stop', async () => {
    const child = await started()
    const { balancer, ask } = await openDoor()
    const target = new ChildTarget(child)
    balancer.add(target)
    const closed = once(child, 'disconnect', { signal: AbortSignal.timeout(DEADLINE_MS) })
    child.on('message', (message) => {
      if (!isMessage(message, STOP)) return
      balancer.remove(target)
      target.stop()
    })
    const answers = Array.from({ length: 20 }, ask)
    await vi.waitFor(() => expect(balancer.accepted).toBe(20), 30_000)
    child.send('close')
    await closed
    expect(new Set(await Promise.all(answers))).toEqual(new Set([String(child.pid)]))
  })

  it('that do not answer lose the connections that wait for them, when they are not prompt or end', async () => {
    const [stuck, prompt] = [await started({ STUCK: '1' }), await started()]
    const { balancer, ask } = await openDoor()
    const target = new ChildTarget(stuck)
    balancer.add(target)
    const answers = Array.from({ length: 6 }, ask)
    await vi.waitFor(() => expect(balancer.accepted).toBe(6), 30_000)
    balancer.add(new ChildTarget(prompt))
    target.isPrompt = false
    const early = await Promise.all(answers.slice(3))
    expect(early).toEqual(early.map(() => String(prompt.pid)))
    stuck.kill('SIGKILL')
    const all = await Promise.all(answers)
    // The child had one, and another one was on its way to it.
    expect(all.filter((answer) => answer === String(prompt.pid)).length).toBeGreaterThanOrEqual(4)
    expect(all).not.toContain(NO_ANSWER)
  })
})
