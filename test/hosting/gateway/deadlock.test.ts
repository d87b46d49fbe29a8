import { setEnvironmentData } from 'node:worker_threads'
import { mount } from 'isthmus'
import { beforeEach, describe, expect, it } from 'vitest'
import { left, right } from '../../fixtures/threads/behaviour-crossing.ts'
import { ask, hosted } from '../behaviour-host.ts'

describe('[3c.22] requests of two pools that call into each other', { timeout: 60_000 }, () => {
  beforeEach(() => setEnvironmentData('crossing', new SharedArrayBuffer(4)))

  it('are answered if there is a thread for each', async () => {
    await using server = await hosted(mount({ '/left': left, '/right': right }))
    expect(await ask(server, { target: '/left/call' })).toBe('answered')
    expect(await ask(server, { target: '/right/call' })).toBe('answered')
  })

  it('do not wait for each other for ever: one is refused at once, and the other answered', async () => {
    await using server = await hosted(mount({ '/left': left, '/right': right }))
    const answers = await Promise.all([
      ask(server, { target: '/left/call?meet' }),
      ask(server, { target: '/right/call?meet' }),
    ])
    expect(answers).toContain('answered')
    expect(answers).toContain('Internal Server Error\n')
    expect(server.lines.join('\n')).toContain('hold each other up')
  })
})
