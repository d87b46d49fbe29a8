// A Pyramid app, unchanged.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, sha256, uploadForm } from './browser.ts'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['pyramid'])
const WAIT = { timeout: 60_000 }
const files = { 'download.txt': '0123456789'.repeat(20_000) }

describe.skipIf(missing)(`a Pyramid app${note}`, () => {
  let wiki: Hosted
  let browser: Browser
  beforeAll(async () => {
    wiki = await hosted('pyramid_app:application', { interface: 'wsgi', python, files })
    browser = new Browser(wiki.url)
  }, 60_000)
  afterAll(() => wiki.close(), 60_000)

  it('renders JSON, through a tween', async () => {
    const response = await browser.fetch('/pages/home')
    expect(response.headers.get('x-tween')).toBe('GET')
    expect(await response.json()).toMatchObject({ name: 'home' })
  })

  it('saves a form, and flashes a message through the session', async () => {
    const author = new Browser(wiki.url)
    const saved = await author.submit('/pages/caf%C3%A9/save', { text: 'du thé' })
    expect([saved.status, saved.headers.get('location')]).toEqual([
      303,
      `${wiki.url}/pages/caf%C3%A9`,
    ])
    const page = await author.fetch('/pages/caf%C3%A9')
    expect(await page.json()).toEqual({ name: 'café', text: 'du thé' })
    expect(await (await author.fetch('/messages')).json()).toEqual({ messages: ['saved café'] })
    expect(await (await author.fetch('/messages')).json()).toEqual({ messages: [] })
  })

  it('takes an upload', async () => {
    const { form, content } = uploadForm({ field: 'file', name: 'é.png', size: 300_000 }, 'x')
    const response = await browser.fetch('/upload', { method: 'POST', body: form })
    const expected = { name: 'é.png', size: 300_000, sha256: sha256(content) }
    expect(await response.json()).toEqual(expected)
  })

  it('takes JSON', async () => {
    const headers = { 'content-type': 'application/json; charset=UTF-8' }
    const response = await browser.fetch('/json', { method: 'POST', body: '{"a": ["é"]}', headers })
    expect(await response.json()).toEqual({ got: { a: ['é'] }, charset: 'UTF-8' })
  })

  it('sends a file, by wsgi.file_wrapper', async () => {
    const whole = await browser.fetch('/download')
    expect(whole.headers.get('content-length')).toBe('200000')
    expect(await whole.text()).toBe(files['download.txt'])
  })

  it('streams an iterator, closes it, and runs the callbacks of the request', async () => {
    const response = await browser.fetch('/stream')
    expect(await response.text()).toBe('part 0\npart 1\npart 2\n')
    await wiki.journal.has('stream closed')
    await wiki.journal.has('stream finished')
  })

  it('answers errors by its views', async () => {
    const absent = await browser.fetch('/pages/none')
    expect([absent.status, await absent.json()]).toEqual([404, { missing: 'none' }])
    expect((await browser.fetch('/forbidden')).status).toBe(403)
    expect((await browser.fetch('/nowhere')).status).toBe(404)
  })

  it('lets an error through to the server: 500, and the log has the traceback', async () => {
    expect((await browser.fetch('/broken')).status).toBe(500)
    await expect.poll(() => wiki.tracebacks('ValueError: broken on purpose'), WAIT).toBe(1)
  })
})
