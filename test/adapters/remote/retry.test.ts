// Which requests are sent again, as a table and over sockets.

import { describe, expect, it } from 'vitest'
import { afterFailure } from '../../../src/adapters/remote/retry.ts'
import { deadPort, front, ok, scripted, until } from './upstream.ts'

type FailedAttempt = Parameters<typeof afterFailure>[0]

const FAILED: FailedAttempt = {
  method: 'GET',
  wasSent: true,
  wasAnswered: false,
  wasStale: false,
  canReplay: true,
  attempts: 1,
  timeLeftMs: 1_000,
}
const post = (path = '/', body = 'abc'): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

describe('afterFailure()', () => {
  it.each<[string, Partial<FailedAttempt>, string]>([
    ['an idempotent request goes elsewhere', {}, 'elsewhere'],
    ['a POST that was sent is answered', { method: 'POST' }, 'answer'],
    ['a PATCH that was sent is answered', { method: 'PATCH' }, 'answer'],
    ['a method that nobody knows is answered', { method: 'BREW' }, 'answer'],
    [
      'a POST whose connection did not open goes elsewhere',
      { method: 'POST', wasSent: false },
      'elsewhere',
    ],
    ['a response that has begun is answered', { wasAnswered: true }, 'answer'],
    ['a body that has left is answered', { method: 'PUT', canReplay: false }, 'answer'],
    ['the last attempt is answered', { attempts: 2 }, 'answer'],
    ['an attempt out of time is answered', { timeLeftMs: 0 }, 'answer'],
    ['an old connection does not count', { wasStale: true, attempts: 2 }, 'again'],
    ['a POST on an old connection is answered', { wasStale: true, method: 'POST' }, 'answer'],
  ])('%s', (_title, change, step) => {
    expect(afterFailure({ ...FAILED, ...change }, { retries: 1 })).toBe(step)
  })
})

describe('over sockets', () => {
  it('a GET goes to another target if the first closes before its response', async () => {
    await using bad = await scripted(({ socket }) => socket.end())
    await using good = await scripted(({ socket }) => socket.write(ok('good')))
    await using on = await front([bad.url, good.url], { balance: 'round-robin' })
    for (let turn = 0; turn < 2; turn += 1) {
      on.client.send(GET)
      expect((await on.client.response()).body).toBe('good')
    }
    expect(on.app.stats().targets).toMatchObject([{ failed: 1, retried: 1 }, { completed: 2 }])
    expect(on.lines.join('\n')).toContain('the request goes to another target')
  })

  it('a POST is sent once, also if no response comes', async () => {
    await using bad = await scripted(({ socket }) => socket.end())
    await using good = await scripted(({ socket }) => socket.write(ok('good')))
    await using on = await front([bad.url, good.url], { balance: 'round-robin' })
    on.client.send(post())
    expect((await on.client.response()).status).toBe(502)
    expect(good.requests).toHaveLength(0)
  })

  it('a POST goes to another target with its body if the first accepts no connection', async () => {
    await using good = await scripted(({ socket }) => socket.write(ok('good')))
    const dead = `http://127.0.0.1:${await deadPort()}`
    await using on = await front([dead, good.url], { balance: 'round-robin' })
    on.client.send(post())
    expect((await on.client.response()).body).toBe('good')
    await until(() => good.bytes().endsWith('abc'), 'the body')
  })

  it('a PUT is sent again with its body, but not with one beyond retryBodyBytes', async () => {
    await using bad = await scripted(({ socket }) => void setTimeout(() => socket.destroy(), 50))
    await using good = await scripted(({ socket }) => socket.write(ok('good')))
    await using on = await front([bad.url, good.url], { balance: 'round-robin', retryBodyBytes: 5 })
    on.client.send(post().replace('POST', 'PUT'))
    expect((await on.client.response()).body).toBe('good')
    await until(() => good.bytes().endsWith('abc'), 'the body')
    on.client.send(post().replace('POST', 'PUT'))
    await on.client.response()
    on.client.send(post('/', 'too long').replace('POST', 'PUT'))
    expect((await on.client.response()).status).toBe(502)
  })

  it('stops after the retries that it may', async () => {
    await using bad = await scripted(({ socket }) => socket.end())
    await using on = await front(bad.url, { retries: 3 })
    on.client.send(GET)
    expect((await on.client.response()).status).toBe(502)
    expect(bad.requests).toHaveLength(4)
  })

  it('a connection that the target closed while it was idle costs no GET', async () => {
    await using up = await scripted(({ socket, head }) => {
      // The close crosses with the next request.
      if (head.startsWith('GET /last'))
        socket.write(ok(), () => setImmediate(() => socket.destroy()))
      else socket.write(ok())
    })
    await using on = await front(up.url, { retries: 0 })
    for (let turn = 0; turn < 20; turn += 1) {
      on.client.send('GET /last HTTP/1.1\r\nHost: a\r\n\r\n')
      expect((await on.client.response()).status).toBe(200)
    }
    expect(on.app.stats().targets[0]).toMatchObject({ failed: 0, completed: 20 })
  })
})
