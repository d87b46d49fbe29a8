// Errors of an app: before the head there is one 500 and one record in the log, after it the body is cut.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const WAIT = { timeout: 60_000 }
const BEFORE = 'ValueError: broken on purpose, before the head'
const AFTER = 'ValueError: broken on purpose, after the head'
const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

const flask = pythonWith(['flask'])
describe.skipIf(flask.missing)(`an error of a Flask app${flask.note}`, () => {
  let shop: Hosted
  beforeAll(async () => {
    shop = await hosted('flask_shop:app', { interface: 'wsgi', python: flask.python })
  }, 60_000)
  afterAll(() => shop.close(), 60_000)

  it('before the head gives the 500 of Flask, and one traceback', async () => {
    const response = await fetch(`${shop.url}/broken`)
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('Internal Server Error')
    await expect.poll(() => shop.tracebacks(BEFORE), WAIT).toBe(1)
    expect(shop.output()).toContain('flask_shop.py')
    expect(await shop.journal.has('teardown /broken? ValueError')).toBeDefined()
  })

  it('after the head cuts the body, and gives one traceback', async () => {
    using client = await shop.connect()
    client.send(GET('/broken-late'))
    expect((await client.head()).status).toBe(200)
    expect(await client.chunk()).toBe('the first part\n')
    expect(await client.rest()).toBe('')
    await expect.poll(() => shop.tracebacks(AFTER), WAIT).toBe(1)
    expect((await fetch(`${shop.url}/pid`)).status).toBe(200)
  })
})

const starlette = pythonWith(['starlette'])
describe.skipIf(starlette.missing)(`an error of a Starlette app${starlette.note}`, () => {
  let newsroom: Hosted
  beforeAll(async () => {
    const options = { interface: 'asgi', python: starlette.python } as const
    newsroom = await hosted('starlette_app:app', options)
  }, 60_000)
  afterAll(() => newsroom.close(), 60_000)

  it('before the head gives the one 500 of ServerErrorMiddleware, and one traceback', async () => {
    using client = await newsroom.connect()
    client.send('GET /broken HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const { status, body } = await client.response()
    expect([status, body]).toEqual([500, 'Internal Server Error'])
    await expect.poll(() => newsroom.tracebacks(BEFORE), WAIT).toBe(1)
    expect(newsroom.output()).toContain('starlette_app.py')
    expect(await client.rest()).toBe('')
  })

  it('after the head cuts the body, and gives one traceback', async () => {
    using client = await newsroom.connect()
    client.send(GET('/broken-late'))
    expect((await client.head()).status).toBe(200)
    expect(await client.chunk()).toBe('the first part\n')
    expect(await client.rest()).toBe('')
    await expect.poll(() => newsroom.tracebacks(AFTER), WAIT).toBe(1)
  })

  it('by a body that is too short cuts the body', async () => {
    using client = await newsroom.connect()
    client.send(GET('/short'))
    // The head may have left before the end of the body was known.
    expect(await client.rest()).toMatch(/^(?:HTTP[^]*\r\n\r\n(?:four)?)?$/)
  })

  it('by no response at all gives 500', async () => {
    const response = await fetch(`${newsroom.url}/silent`)
    expect(response.status).toBe(500)
    expect((await fetch(`${newsroom.url}/`)).status).toBe(200)
  })
})
