// A FastAPI app, unchanged.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, sha256, uploadForm } from './browser.ts'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import { Talk } from './talk.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['fastapi', 'multipart'])
const WAIT = { timeout: 60_000 }
const JSON_TYPE = { 'content-type': 'application/json' }

describe.skipIf(missing)(`a FastAPI app${note}`, () => {
  let workshop: Hosted
  let browser: Browser
  beforeAll(async () => {
    workshop = await hosted('fastapi_app:app', { interface: 'asgi', python })
    browser = new Browser(workshop.url)
  }, 60_000)
  afterAll(() => workshop.close(), 60_000)

  const add = (part: unknown) =>
    browser.fetch('/parts', { method: 'POST', body: JSON.stringify(part), headers: JSON_TYPE })

  it('has started before its first request, in the same loop', async () => {
    expect(await workshop.journal.position('startup')).toBe(0)
    expect(await (await browser.fetch('/waiting?seconds=0.01')).json()).toEqual({ loop: true })
  })

  it('validates a model, with a dependency that is closed after the response', async () => {
    const added = await add({ name: 'wheel', count: '4', tags: ['é'] })
    expect(added.status).toBe(201)
    expect(await added.json()).toMatchObject({
      stored: { name: 'wheel', count: 4, tags: ['é'] },
      by: 'connection',
    })
    await workshop.journal.has('connection closed')
  })

  it('answers 422 to a wrong model, with the places of the faults', async () => {
    const wrong = await add({ count: 'many' })
    const { detail } = (await wrong.json()) as { detail: { loc: string[] }[] }
    expect(wrong.status).toBe(422)
    expect(detail.map(({ loc }) => loc)).toEqual([
      ['body', 'name'],
      ['body', 'count'],
    ])
    expect((await browser.fetch('/search')).status).toBe(422)
  })

  it('runs sync endpoints and sync dependencies in the pool of threads', async () => {
    await add({ name: 'axle', count: 1 })
    const got = await browser.fetch('/parts/axle')
    expect([got.status, await got.json()]).toEqual([200, { name: 'axle', count: 1 }])
    const absent = await browser.fetch('/parts/none')
    const detail = { missing: 'none', on_main: false }
    expect([absent.status, await absent.json()]).toEqual([404, { detail }])
    await workshop.journal.has('session closed')
  })

  it('converts the query and a field', async () => {
    const response = await browser.fetch('/search?q=%C3%A9&limit=3', {
      headers: { 'x-token': 't' },
    })
    expect(await response.json()).toEqual({ q: 'é', limit: 3, token: 't' })
  })

  it('runs its tasks after the response', async () => {
    const accepted = await browser.submit('/order', { name: 'lamp' })
    expect([accepted.status, await accepted.json()]).toEqual([202, { accepted: 'lamp' }])
    const packed = await workshop.journal.position('packed lamp')
    expect(await workshop.journal.position('shipped lamp')).toBeGreaterThan(packed)
  })

  it('takes uploads, also those above the limit of memory', async () => {
    const { form, content } = uploadForm({ field: 'files', name: 'a.png', size: 2_000_000 }, 'é')
    form.append('files', new File(['small'], 'b.txt', { type: 'text/plain' }))
    const response = await browser.fetch('/upload', { method: 'POST', body: form })
    expect(await response.json()).toEqual({
      title: 'é',
      files: [
        { name: 'a.png', type: 'image/png', size: 2_000_000, sha256: sha256(content) },
        { name: 'b.txt', type: 'text/plain', size: 5, sha256: sha256('small') },
      ],
    })
  })

  it('reads a body as it arrives', async () => {
    using client = await workshop.connect()
    client.send('POST /measure HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (const size of [3, 5, 7]) client.send(`${size}\r\n${'x'.repeat(size)}\r\n`)
    client.send('0\r\n\r\n')
    expect(JSON.parse((await client.response()).body)).toMatchObject({ size: 15 })
  })

  it('streams from an async and from a sync generator', async () => {
    for (const path of ['/stream', '/sync-stream']) {
      const response = await browser.fetch(path)
      expect(await response.text()).toBe('part 0\npart 1\npart 2\n')
    }
  })

  it('compresses by its own middleware, and stamps by a function', async () => {
    const large = await browser.fetch('/large')
    expect(large.headers.get('content-encoding')).toBe('gzip')
    expect(large.headers.get('x-workshop')).toBe('GET')
    expect(((await large.json()) as { text: string }).text.length).toBe(7_000)
  })

  it('describes itself', async () => {
    const schema = (await (await browser.fetch('/openapi.json')).json()) as { paths: object }
    expect(Object.keys(schema.paths)).toContain('/parts/{name}')
    expect((await browser.fetch('/docs')).status).toBe(200)
  })

  it('talks over a WebSocket', async () => {
    using talk = await Talk.open(`${workshop.url}/ws/garage?name=Zo%C3%A9`, { protocols: ['chat'] })
    expect(talk.protocol).toBe('chat')
    expect(JSON.parse(await talk.message())).toEqual({ room: 'garage', name: 'Zoé' })
    talk.send('{"text": "bonjour à tous"}')
    expect(JSON.parse(await talk.message())).toEqual({ echo: { text: 'bonjour à tous' } })
    talk.send('{"leave": true}')
    expect((await talk.closed()).code).toBe(4001)
  })

  it('notices that a WebSocket has left', async () => {
    const talk = await Talk.open(`${workshop.url}/ws/attic`)
    await talk.message()
    talk.close(4000)
    expect(await workshop.journal.has('left attic 4000')).toBeDefined()
  })

  it('answers an error with 500, and the log has the traceback', async () => {
    expect((await browser.fetch('/broken')).status).toBe(500)
    await expect.poll(() => workshop.tracebacks('ValueError: broken on purpose'), WAIT).toBe(1)
  })
})

describe.skipIf(missing)(`a FastAPI app that stops${note}`, () => {
  it('runs its shutdown', async () => {
    const workshop = await hosted('fastapi_app:app', { interface: 'asgi', python, keepData: true })
    try {
      await workshop.close()
      expect(await workshop.journal.has('shutdown')).toBeDefined()
    } finally {
      await workshop.forget()
    }
  }, 60_000)
})
