// The ends of a WebSocket in an ASGI app: left by the client, closed or refused by the app, broken by an error.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosted } from './hosted.ts'
import { isReference } from './is-reference.ts'
import { pythonWith } from './python-with.ts'
import { Talk } from './talk.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['starlette'])
const WAIT = { timeout: 60_000 }
const old = (feature: string): string =>
  isReference ? ` (uvicorn of Debian does not know ${feature})` : ''

describe.skipIf(missing)(`a WebSocket of a Starlette app${note}`, () => {
  let newsroom: Hosted
  beforeAll(async () => {
    newsroom = await hosted('starlette_app:app', { interface: 'asgi', python })
  }, 60_000)
  afterAll(() => newsroom.close(), 60_000)

  const since = (start: number) => async () => (await newsroom.journal.lines()).slice(start)

  it('raises WebSocketDisconnect with the code of the client', async () => {
    const talk = await Talk.open(`${newsroom.url}/ws/rooms`)
    talk.send('hello')
    expect(await talk.message()).toBe('echo hello')
    talk.close(4100, 'enough')
    expect(await newsroom.journal.has('WebSocketDisconnect 4100')).toBeDefined()
    expect((await talk.closed()).code).toBe(4100)
  })

  it('raises WebSocketDisconnect with 1006 if the client vanishes', async () => {
    const talk = await Talk.open(`${newsroom.url}/ws/rooms`)
    talk.vanish()
    expect(await newsroom.journal.has('WebSocketDisconnect 1006')).toBeDefined()
  })

  it('raises WebSocketDisconnect with 1005 if the client gives no code', async () => {
    const talk = await Talk.open(`${newsroom.url}/ws/rooms`)
    talk.close()
    expect(await newsroom.journal.has('WebSocketDisconnect 1005')).toBeDefined()
  })

  it.skipIf(isReference)(`has the reason of the client in its end${old('it')}`, async () => {
    const talk = await Talk.open(`${newsroom.url}/ws/last-words`)
    talk.close(4200, 'à bientôt')
    const end = 'end websocket.disconnect 4200 à bientôt'
    expect(await newsroom.journal.has(end)).toBeDefined()
  })

  it('lets a send after the end raise, without a wait', async () => {
    const start = (await newsroom.journal.lines()).length
    const talk = await Talk.open(`${newsroom.url}/ws/last-words`)
    talk.close(4201)
    await newsroom.journal.startsWith('end websocket.disconnect 4201')
    const raised = expect.stringMatching(/^send raises/)
    await expect.poll(since(start), WAIT).toContainEqual(raised)
  })

  it('ends a sender whose client vanishes', async () => {
    const talk = await Talk.open(`${newsroom.url}/ws/sender`)
    await talk.message()
    talk.vanish()
    const line = await newsroom.journal.startsWith('sender ')
    expect(line).toMatch(/^sender ended /)
  })

  it('is closed by the app with its code and reason', async () => {
    using talk = await Talk.open(`${newsroom.url}/ws/closing`)
    expect(await talk.closed()).toEqual({ code: 4242, reason: 'the news are over' })
    expect(await newsroom.journal.has('closing returned')).toBeDefined()
  })

  it('is refused with 403 by a close before the accept', async () => {
    expect((await Talk.denied(`${newsroom.url}/ws/denied`)).status).toBe(403)
  })

  it('is refused with 403 if no route matches', async () => {
    expect((await Talk.denied(`${newsroom.url}/ws/nowhere`)).status).toBe(403)
  })

  it.skipIf(isReference)(
    `is refused by a response of its own${old('websocket.http.response')}`,
    async () => {
      const denial = await Talk.denied(`${newsroom.url}/ws/denied-with-response`)
      expect(denial).toMatchObject({ status: 401, body: 'no pass' })
      expect(denial.headers).toMatchObject({ 'x-reason': 'no pass', 'content-type': 'text/plain' })
    },
  )

  it('answers 500 to an error before the accept, and logs it once', async () => {
    expect((await Talk.denied(`${newsroom.url}/ws/broken-before`)).status).toBe(500)
    const error = 'ValueError: broken on purpose, before the accept'
    await expect.poll(() => newsroom.tracebacks(error), WAIT).toBe(1)
  })

  it('closes with 1011 after an error, and logs it once', async () => {
    using talk = await Talk.open(`${newsroom.url}/ws/broken-after`)
    expect(await talk.message()).toBe('welcome')
    // uvicorn of Debian drops the connection.
    expect((await talk.closed()).code).toBe(isReference ? 1006 : 1011)
    const error = 'ValueError: broken on purpose, after the accept'
    await expect.poll(() => newsroom.tracebacks(error), WAIT).toBe(1)
  })
})
