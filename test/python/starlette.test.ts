// A Starlette app, unchanged. behaviours-*.test.ts have the ends of its responses and of its WebSockets.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, sha256 } from './browser.ts'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import { Talk } from './talk.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['starlette'])
const files = { 'paper.txt': '0123456789'.repeat(30_000) }

describe.skipIf(missing)(`a Starlette app${note}`, () => {
  let newsroom: Hosted
  let browser: Browser
  beforeAll(async () => {
    newsroom = await hosted('starlette_app:app', { interface: 'asgi', python, files })
    browser = new Browser(newsroom.url)
  }, 60_000)
  afterAll(() => newsroom.close(), 60_000)

  it('answers text, with fields of its own', async () => {
    const response = await browser.fetch('/?name=%C3%A9')
    expect(response.headers.get('x-path')).toBe('/')
    expect(await response.text()).toBe('news for é')
  })

  it('reads the scope', async () => {
    const headers = { 'X-Two': 'One,  Two' }
    const response = await browser.fetch('/facts/caf%C3%A9%2Fbar?q=%20+', { headers })
    const facts = (await response.json()) as { headers: [string, string][] }
    expect(facts).toMatchObject({
      method: 'GET',
      path: '/facts/café/bar',
      query: 'q=%20+',
      root_path: '',
      http_version: '1.1',
      scheme: 'http',
      asgi: '3.0',
      client: '127.0.0.1',
      url: expect.stringContaining(`${newsroom.url}/facts/`),
      started: true,
    })
    expect(facts.headers).toContainEqual(['x-two', 'One,  Two'])
    expect(facts.headers[0]?.[0]).toBe('host')
  })

  it('takes bodies of any size', async () => {
    for (const size of [0, 1, 65_536, 3_000_000]) {
      const body = Buffer.alloc(size, 'abcdefg')
      const response = await browser.fetch('/echo', { method: 'PUT', body })
      expect(await response.json()).toEqual({ size, sha256: sha256(body) })
    }
  })

  it('sends a file, and the static files of a directory', async () => {
    const file = await browser.fetch('/file')
    expect(file.headers.get('content-length')).toBe('300000')
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="paper.txt"')
    expect(await file.text()).toBe(files['paper.txt'])

    const still = await browser.fetch('/static/paper.txt')
    expect((await still.text()).length).toBe(300_000)
    const etag = still.headers.get('etag') ?? ''
    const known = await browser.fetch('/static/paper.txt', { headers: { 'if-none-match': etag } })
    expect([known.status, await known.text()]).toEqual([304, ''])
    expect((await browser.fetch('/static/none.txt')).status).toBe(404)
  })

  it('runs a sync view in a thread', async () => {
    expect(await (await browser.fetch('/sync')).text()).toBe('from a thread')
  })

  it('answers 204 without a body, 404 and 405', async () => {
    const empty = await browser.fetch('/empty')
    expect([empty.status, await empty.text()]).toEqual([204, ''])
    expect((await browser.fetch('/nowhere')).status).toBe(404)
    expect((await browser.fetch('/echo')).status).toBe(405)
  })

  it('talks over a WebSocket', async () => {
    using talk = await Talk.open(`${newsroom.url}/ws/rooms`)
    for (const text of ['é', '', 'x'.repeat(100_000)]) {
      talk.send(text)
      expect(await talk.message()).toBe(`echo ${text}`)
    }
  })
})

describe.skipIf(missing)(`a Starlette app that stops${note}`, () => {
  it('runs its lifespan to the end', async () => {
    const options = { interface: 'asgi', python, keepData: true } as const
    const newsroom = await hosted('starlette_app:app', options)
    try {
      await newsroom.close()
      expect(await newsroom.journal.lines()).toEqual(['lifespan startup', 'lifespan shutdown'])
    } finally {
      await newsroom.forget()
    }
  }, 60_000)
})
