// The server closes while apps are busy: they are told, they clean up, the lifespan ends last, and no process stays.

import { describe, expect, it } from 'vitest'
import { hosted } from './hosted.ts'
import { isReference } from './is-reference.ts'
import { pythonWith } from './python-with.ts'
import { Talk } from './talk.ts'
import type { Hosted } from './hosted.ts'

const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const ALONE = isReference ? ' (of isthmus alone)' : ''

/** Closes the server after `busy`, and returns the lines of the journal then. */
async function linesOfStop(
  spec: string,
  options: { interface: 'wsgi' | 'asgi'; python: string; threads?: number },
  busy: (app: Hosted) => Promise<Disposable[]>,
): Promise<string[]> {
  const app = await hosted(spec, { ...options, keepData: true })
  const pid = Number(await (await fetch(`${app.url}/pid`)).text())
  const open = await busy(app)
  await app.close()
  for (const client of open) client[Symbol.dispose]()
  const lines = await app.journal.lines()
  await app.forget()
  await expect.poll(() => isRunning(pid), { timeout: 30_000 }).toBe(false)
  return lines
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const starlette = pythonWith(['starlette'])
describe.skipIf(starlette.missing || isReference)(
  `a Starlette app at the stop of the server${starlette.note}${ALONE}`,
  () => {
    const { python } = starlette
    const spec = 'starlette_app:app'

    it('ends its streams and its WebSockets, and then its lifespan', async () => {
      const lines = await linesOfStop(spec, { interface: 'asgi', python }, async (newsroom) => {
        const stream = await newsroom.connect()
        stream.send(GET('/endless'))
        await stream.head()
        const talk = await Talk.open(`${newsroom.url}/ws/rooms`)
        const waiting = await newsroom.connect()
        waiting.send(GET('/patient'))
        await newsroom.journal.has('patient began')
        return [stream, talk, waiting]
      })
      expect(lines).toContain('endless finally')
      expect(lines).toContain('WebSocketDisconnect 1001')
      expect(lines).toContain('patient saw the end')
      expect(lines.at(-1)).toBe('lifespan shutdown')
    }, 60_000)

    it('has its background tasks cancelled if they go on', async () => {
      const lines = await linesOfStop(spec, { interface: 'asgi', python }, async (newsroom) => {
        const client = await newsroom.connect()
        client.send(GET('/background?name=long'))
        await client.response()
        await newsroom.journal.has('holds long')
        return [client]
      })
      expect(lines).toContain('work long cancelled')
      expect(lines).toContain('lifespan shutdown')
    }, 60_000)
  },
)

const flask = pythonWith(['flask'])
describe.skipIf(flask.missing || isReference)(
  `a Flask app at the stop of the server${flask.note}${ALONE}`,
  () => {
    it('has its streams closed', async () => {
      const options = { interface: 'wsgi', python: flask.python, threads: 2 } as const
      const lines = await linesOfStop('flask_shop:app', options, async (shop) => {
        const stream = await shop.connect()
        stream.send(GET('/endless'))
        await stream.head()
        return [stream]
      })
      expect(lines).toContain('endless GeneratorExit')
      expect(lines).toContain('endless call_on_close')
    }, 60_000)
  },
)
