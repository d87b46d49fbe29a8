// Background tasks of Starlette: they run after the response, and the client does not wait for them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['starlette'])
const WAIT = { timeout: 10_000 }

describe.skipIf(missing)(`a background task${note}`, () => {
  let newsroom: Hosted
  beforeAll(async () => {
    newsroom = await hosted('starlette_app:app', { interface: 'asgi', python })
  }, 40_000)
  afterAll(() => newsroom.close(), 20_000)

  /** The body, and the journal at the moment when the body is complete. */
  const answerOf = async (path: string): Promise<{ body: string; journal: string[] }> => {
    using client = await newsroom.connect()
    client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    const { body } = await client.response()
    return { body, journal: await newsroom.journal.lines() }
  }

  it('runs after the client has its whole response', async () => {
    const { body, journal } = await answerOf('/background?name=whole&seconds=1')
    expect(body).toBe('answer to whole')
    expect(journal).not.toContain('work whole')
    expect(await newsroom.journal.has('work whole')).toBeDefined()
  })

  it('runs to its end if the client leaves after the response', async () => {
    const client = await newsroom.connect()
    client.send('GET /background?name=gone&seconds=1 HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.response()
    client.reset()
    expect(await newsroom.journal.has('work gone')).toBeDefined()
  })

  it('runs in a thread if it is a plain function', async () => {
    await answerOf('/sync-background?name=plain')
    expect(await newsroom.journal.has('work plain')).toBeDefined()
  })

  it('lets other requests pass', async () => {
    await answerOf('/background?name=slow&seconds=2')
    const { journal } = await answerOf('/')
    expect(journal).not.toContain('work slow')
    expect(await newsroom.journal.has('work slow')).toBeDefined()
  })

  it('does not harm the response by an error, which is logged', async () => {
    using client = await newsroom.connect()
    client.send('GET /failing-background HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).body).toBe('answer before the failure')
    const error = 'ValueError: broken on purpose, in the background'
    await expect.poll(() => newsroom.tracebacks(error), WAIT).toBe(1)
    expect((await answerOf('/')).body).toBe('news for all')
  })

  it('runs after a stream', async () => {
    const { body } = await answerOf('/stream?name=bare')
    expect(body).toBe('part 0\npart 1\npart 2\n')
    const ended = await newsroom.journal.position('stream bare ended')
    expect(await newsroom.journal.position('work bare')).toBeGreaterThan(ended)
  })

  it('runs under BaseHTTPMiddleware, after the whole response', async () => {
    const { body, journal } = await answerOf('/stamped/background?name=stamped&seconds=1')
    expect(body).toBe('answer to stamped')
    expect(journal).not.toContain('work stamped')
    expect(await newsroom.journal.has('work stamped')).toBeDefined()
  })
})

describe.skipIf(missing)(`BaseHTTPMiddleware${note}`, () => {
  let newsroom: Hosted
  beforeAll(async () => {
    newsroom = await hosted('starlette_app:app', { interface: 'asgi', python })
  }, 40_000)
  afterAll(() => newsroom.close(), 20_000)

  it('passes a stream on part by part, then its task runs', async () => {
    using client = await newsroom.connect()
    client.send('GET /stamped/stream?name=middle HTTP/1.1\r\nHost: a\r\n\r\n')
    const { headers } = await client.head()
    expect(headers.map(([name, value]) => [name.toLowerCase(), value])).toContainEqual([
      'x-stamp',
      'GET',
    ])
    expect(await client.chunk()).toBe('part 0\n')
    expect(await newsroom.journal.lines()).not.toContain('stream middle ended')
    expect(await client.chunk()).toBe('part 1\n')
    expect(await client.chunk()).toBe('part 2\n')
    expect(await client.chunk()).toBeNull()
    expect(await newsroom.journal.has('work middle')).toBeDefined()
  })

  it('passes a body on', async () => {
    const body = Buffer.alloc(500_000, 'x')
    const response = await fetch(`${newsroom.url}/stamped/echo`, { method: 'POST', body })
    expect(await response.json()).toMatchObject({ size: 500_000 })
  })

  it('passes the end of the client on', async () => {
    const client = await newsroom.connect()
    client.send('GET /stamped/endless HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.head()
    await client.bytes(20_000)
    client.socket.destroy()
    expect(await newsroom.journal.has('endless finally')).toBeDefined()
  })

  it('passes errors on: 500 before the head, a cut after it', async () => {
    expect((await fetch(`${newsroom.url}/stamped/broken`)).status).toBe(500)
    using client = await newsroom.connect()
    client.send('GET /stamped/broken-late HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.head()).status).toBe(200)
    expect(await client.chunk()).toBe('the first part\n')
    expect(await client.rest()).toBe('')
  })
})
