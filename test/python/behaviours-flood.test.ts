// Bodies that are larger than any buffer: an app waits for a client that does not read, and a large body arrives whole.

import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosted } from './hosted.ts'
import { isReference } from './is-reference.ts'
import { pythonWith } from './python-with.ts'
import { Talk } from './talk.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith([])
const LAX = isReference ? ' (uvicorn of Debian does not)' : ''
const PIECE = 65_536
const UPLOAD = 64 * 1024 * 1024

describe.each([
  ['WSGI', 'wsgi', 'flood:wsgi', 2048],
  ['ASGI', 'asgi', 'flood:asgi', 512],
] as const)('a large body by %s', (_name, kind, spec, pieces) => {
  describe.skipIf(missing)(`in a process${note}`, () => {
    let app: Hosted
    beforeAll(async () => {
      app = await hosted(spec, { interface: kind, python })
    }, 60_000)
    afterAll(() => app.close(), 60_000)

    it('waits for a client that does not read, and then arrives whole', async () => {
      using client = await app.connect(30_000)
      client.socket.pause()
      client.send('GET /?slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      expect(await standstill(app, 'slow')).toBeLessThan(pieces - 64)
      client.socket.resume()
      const response = await client.rest()
      expect(response.length).toBeGreaterThan(pieces * PIECE)
      expect(response.endsWith('\r\n0\r\n\r\n')).toBe(true)
      expect(await app.journal.has('slow end')).toBeDefined()
    }, 60_000)

    it('arrives whole in the app', async () => {
      const body = Buffer.alloc(UPLOAD, 'a piece of a large body;')
      const sum = createHash('sha256').update(body).digest('hex')
      const response = await fetch(app.url, { method: 'POST', body })
      expect(await response.text()).toBe(`${UPLOAD} ${sum}`)
    }, 60_000)

    const reason = kind === 'wsgi' ? ' (WSGI has none)' : LAX
    it.skipIf(kind === 'wsgi' || isReference)(
      `waits in a WebSocket too${reason}`,
      async () => {
        using talk = await Talk.open(`${app.url}/?socket`)
        talk.pause()
        expect(await standstill(app, 'socket')).toBeLessThan(pieces - 64)
        talk.resume()
        for (let number = 0; number < pieces; number += 1)
          expect((await talk.message()).length).toBe(PIECE)
        expect((await talk.closed()).code).toBe(1000)
      },
      40_000,
    )
  })
})

/** The pieces that the app has sent when no further one leaves for a second. */
async function standstill(app: Hosted, name: string): Promise<number> {
  await app.journal.startsWith(`${name} `)
  const sent = async () =>
    (await app.journal.lines()).filter((line) => line.startsWith(name)).length
  for (let before = 0, now = await sent(); ; before = now, now = await sent()) {
    if (before === now) return now * 16
    await setTimeout(1_000)
  }
}
