// The client leaves in the middle of a response or of a request body: the app notices, and cleans up.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

const flask = pythonWith(['flask'])
describe.skipIf(flask.missing)(`a Flask stream whose client leaves${flask.note}`, () => {
  let shop: Hosted
  beforeAll(async () => {
    shop = await hosted('flask_shop:app', { interface: 'wsgi', python: flask.python })
  }, 60_000)
  afterAll(() => shop.close(), 60_000)

  it('is closed: GeneratorExit, finally, call_on_close, and the teardown', async () => {
    const client = await shop.connect()
    client.send(GET('/endless'))
    await client.head()
    await client.bytes(50_000)
    client.socket.destroy()
    const position = (line: string) => shop.journal.position(line)
    const exit = await position('endless GeneratorExit')
    const finished = await position('endless finally')
    const callback = await position('endless call_on_close')
    expect([exit < finished, finished < callback]).toEqual([true, true])

    // The process is free for the next request.
    const response = await fetch(`${shop.url}/pid?after`)
    expect(response.status).toBe(200)
    expect(await shop.journal.has('teardown /pid?after -')).toBeDefined()
  })

  it('is closed if the client crashes', async () => {
    const before = (await shop.journal.lines()).length
    const client = await shop.connect()
    client.send(GET('/endless'))
    await client.head()
    client.reset()
    const ended = async () => (await shop.journal.lines()).slice(before)
    await expect.poll(ended, { timeout: 30_000 }).toContain('endless call_on_close')
  })
})

const starlette = pythonWith(['starlette'])
describe.skipIf(starlette.missing)(`a Starlette app whose client leaves${starlette.note}`, () => {
  let newsroom: Hosted
  beforeAll(async () => {
    const options = { interface: 'asgi', python: starlette.python } as const
    newsroom = await hosted('starlette_app:app', options)
  }, 60_000)
  afterAll(() => newsroom.close(), 60_000)

  it('has its stream cancelled', async () => {
    const client = await newsroom.connect()
    client.send(GET('/endless'))
    await client.head()
    await client.bytes(20_000)
    client.socket.destroy()
    expect(await newsroom.journal.has('endless CancelledError')).toBeDefined()
    expect(await newsroom.journal.has('endless finally')).toBeDefined()
  })

  it('sees that the request is disconnected', async () => {
    const client = await newsroom.connect()
    client.send(GET('/patient'))
    await newsroom.journal.has('patient began')
    client.socket.destroy()
    expect(await newsroom.journal.has('patient saw the end')).toBeDefined()
  })

  it('gets ClientDisconnect from a body that stays incomplete', async () => {
    const client = await newsroom.connect()
    client.send('POST /interrupted HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfour')
    await newsroom.journal.has('interrupted began')
    client.socket.destroy()
    expect(await newsroom.journal.has('interrupted ClientDisconnect')).toBeDefined()
  })
})
