// Background tasks of Starlette run after the response, and the client does not wait for them; BaseHTTPMiddleware.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['starlette'])
const WAIT = { timeout: 60_000 }
const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

describe.skipIf(missing)(`a Starlette app${note}`, () => {
  let newsroom: Hosted
  beforeAll(async () => {
    newsroom = await hosted('starlette_app:app', { interface: 'asgi', python })
  }, 60_000)
  afterAll(() => newsroom.close(), 60_000)

  const bodyOf = async (path: string): Promise<string> => {
    using client = await newsroom.connect()
    client.send(GET(path))
    return (await client.response()).body
  }
  const startsAndEnds = async (name: string): Promise<void> => {
    await newsroom.journal.has(`holds ${name}`)
    await newsroom.release(name)
    await newsroom.journal.has(`work ${name}`)
  }

  describe('with a background task', () => {
    // The task ends when the test says so: the responses below do not wait for it.
    it('answers whole before the task ends', async () => {
      expect(await bodyOf('/background?name=whole')).toBe('answer to whole')
      expect(await newsroom.journal.lines()).not.toContain('work whole')
      await startsAndEnds('whole')
    })

    it('runs the task to its end if the client leaves after the response', async () => {
      const client = await newsroom.connect()
      client.send(GET('/background?name=gone'))
      expect((await client.response()).status).toBe(200)
      client.reset()
      await client.ended()
      expect(await bodyOf('/')).toBe('news for all')
      await startsAndEnds('gone')
    })

    it('runs a plain function in a thread', async () => {
      await bodyOf('/sync-background?name=plain')
      expect(await newsroom.journal.has('work plain')).toBeDefined()
    })

    it('answers other requests while the task runs', async () => {
      await bodyOf('/background?name=slow')
      await newsroom.journal.has('holds slow')
      expect(await bodyOf('/')).toBe('news for all')
      await startsAndEnds('slow')
    })

    it('answers the next request of the same connection while the task runs', async () => {
      using client = await newsroom.connect()
      client.send(GET('/background?name=kept'))
      await client.response()
      client.send(GET('/'))
      expect((await client.response()).body).toBe('news for all')
      await startsAndEnds('kept')
    })

    it('logs an error of the task once, and the response is unharmed', async () => {
      expect(await bodyOf('/failing-background')).toBe('answer before the failure')
      const error = 'ValueError: broken on purpose, in the background'
      await expect.poll(() => newsroom.tracebacks(error), WAIT).toBe(1)
      expect(await bodyOf('/')).toBe('news for all')
    })

    it('runs the task after a stream', async () => {
      await newsroom.release('bare stream')
      expect(await bodyOf('/stream?name=bare')).toBe('part 0\npart 1\npart 2\n')
      await startsAndEnds('bare')
      const ended = await newsroom.journal.position('stream bare ended')
      expect(await newsroom.journal.position('work bare')).toBeGreaterThan(ended)
    })
  })

  describe('with BaseHTTPMiddleware', () => {
    it('answers whole before the task ends', async () => {
      expect(await bodyOf('/stamped/background?name=stamped')).toBe('answer to stamped')
      expect(await newsroom.journal.lines()).not.toContain('work stamped')
      await startsAndEnds('stamped')
    })

    it('streams part by part, then runs the task', async () => {
      using client = await newsroom.connect()
      client.send(
        'GET /stamped/stream?name=middle HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      )
      const { headers } = await client.head()
      const fields = headers.map(([name, value]) => [name.toLowerCase(), value])
      expect(fields).toContainEqual(['x-stamp', 'GET'])
      expect(await client.chunk()).toBe('part 0\n')
      await newsroom.release('middle stream')
      expect(await client.chunk()).toMatch(/^part 1\n/)
      await startsAndEnds('middle')
    })

    it('passes a body on', async () => {
      const body = Buffer.alloc(500_000, 'x')
      const response = await fetch(`${newsroom.url}/stamped/echo`, { method: 'POST', body })
      expect(await response.json()).toMatchObject({ size: 500_000 })
    })

    it('passes the end of the client on', async () => {
      const client = await newsroom.connect()
      client.send(GET('/stamped/endless'))
      await client.head()
      await client.bytes(20_000)
      client.socket.destroy()
      expect(await newsroom.journal.has('endless finally')).toBeDefined()
    })

    it('passes errors on: 500 before the head, a cut after it', async () => {
      expect((await fetch(`${newsroom.url}/stamped/broken`)).status).toBe(500)
      using client = await newsroom.connect()
      client.send(GET('/stamped/broken-late'))
      expect((await client.head()).status).toBe(200)
      expect(await client.chunk()).toBe('the first part\n')
      expect(await client.rest()).toBe('')
    })
  })
})
