// A CherryPy app, unchanged: the tree as a WSGI app, without CherryPy's own server.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, sha256, uploadForm } from './browser.ts'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['cherrypy'])
const WAIT = { timeout: 60_000 }
const files = { 'song.txt': '0123456789'.repeat(20_000) }

describe.skipIf(missing)(`a CherryPy app${note}`, () => {
  let radio: Hosted
  let browser: Browser
  beforeAll(async () => {
    const options = { interface: 'wsgi', python, files, threads: 4 } as const
    radio = await hosted('cherrypy_app:application', options)
    browser = new Browser(radio.url)
  }, 60_000)
  afterAll(() => radio.close(), 60_000)

  it('dispatches to a page, with a tool', async () => {
    const response = await browser.fetch('/?name=Zo%C3%A9')
    expect(response.headers.get('x-radio')).toBe('GET')
    expect(await response.text()).toBe('<h1>Radio of Zoé</h1>')
  })

  it('keeps sessions in memory', async () => {
    const [ada, zoe] = [new Browser(radio.url), new Browser(radio.url)]
    const count = async (user: Browser) => (await user.fetch('/count')).text()
    expect([await count(ada), await count(ada), await count(zoe)]).toEqual(['1', '2', '1'])
    expect(await count(ada)).toBe('3')
  })

  it('dispatches by method, with JSON in and out', async () => {
    const headers = { 'content-type': 'application/json' }
    const body = '{"name": "Fip"}'
    const saved = await browser.fetch('/api/2', { method: 'PUT', body, headers })
    expect([saved.status, await saved.json()]).toEqual([201, { saved: '2' }])
    expect(await (await browser.fetch('/api/2')).json()).toEqual({ name: 'Fip' })
    expect((await browser.fetch('/api/2', { method: 'DELETE' })).status).toBe(405)
  })

  it('takes an upload', async () => {
    const { form, content } = uploadForm({ field: 'song', name: 'a.png', size: 300_000 }, 'air')
    const response = await browser.fetch('/upload', { method: 'POST', body: form })
    expect(await response.text()).toBe(`air a.png 300000 ${sha256(content)}`)
  })

  it('serves a file, and its ranges', async () => {
    const whole = await browser.fetch('/song')
    expect(whole.headers.get('content-length')).toBe('200000')
    expect(await whole.text()).toBe(files['song.txt'])
    const part = await browser.fetch('/song', { headers: { range: 'bytes=5-14' } })
    expect([part.status, await part.text()]).toEqual([206, '5678901234'])
  })

  it('streams, and closes the generator', async () => {
    const response = await browser.fetch('/stream?count=2')
    expect(await response.text()).toBe('part 0 é\npart 1 é\n')
    await radio.journal.has('stream closed')
  })

  it('redirects and answers errors', async () => {
    const moved = await browser.fetch('/old')
    expect([moved.status, moved.headers.get('location')]).toEqual([301, `${radio.url}/count`])
    const teapot = await browser.fetch('/teapot')
    expect([teapot.status, (await teapot.text()).includes('short and stout')]).toEqual([418, true])
    expect((await browser.fetch('/nowhere')).status).toBe(404)
  })

  it('answers HEAD', async () => {
    const head = await browser.fetch('/song', { method: 'HEAD' })
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['200000', ''])
  })

  it('answers an error with 500, and the log has the traceback', async () => {
    expect((await browser.fetch('/broken')).status).toBe(500)
    await expect.poll(() => radio.tracebacks('ValueError: broken on purpose'), WAIT).toBe(1)
  })
})
