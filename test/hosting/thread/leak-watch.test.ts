import { describe, expect, it } from 'vitest'
import { events } from 'isthmus'
import { ask, eventually, hosted, pooled } from '../behaviour-host.ts'
import type { HeaderPairs } from 'isthmus'

describe('[3c.31] timers that requests leave running in a thread', () => {
  it('cause a new thread when there are many, and the log names their kind', async () => {
    await using server = await hosted(pooled('leaving', 'piling'))
    const first = await ask(server)
    await eventually(async () => (await ask(server)) !== first)
    const warnings = server.lines.filter((line) => line.includes('leave timers or sockets open'))
    expect(warnings.length).toBeGreaterThan(0)
  })
})

describe('[3c.25] a header that cannot cross', () => {
  it('fails the request, and neither the server nor the next one', async () => {
    const pool = pooled('wrapped', 'hello')
    const app = events((scope, receive, send) => {
      const isBad = scope.type === 'http' && scope.path === '/bad'
      if (isBad) scope.headers.push(['x-bad', (() => 1) as unknown] as HeaderPairs[number])
      return pool(scope, receive, send)
    })
    await using server = await hosted(app)
    expect(await ask(server, { target: '/bad' })).toBe('Internal Server Error\n')
    expect(await ask(server)).toBe('hello')
  })
})
