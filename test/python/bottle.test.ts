// A Bottle app, unchanged.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, sha256, uploadForm } from './browser.ts'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['bottle'])
const WAIT = { timeout: 60_000 }
const files = { 'book.txt': '0123456789'.repeat(20_000) }

describe.skipIf(missing)(`a Bottle app${note}`, () => {
  let library: Hosted
  let browser: Browser
  beforeAll(async () => {
    // No attribute: the module has `application`.
    library = await hosted('bottle_app:application', { interface: 'wsgi', python, files })
    browser = new Browser(library.url)
  }, 60_000)
  afterAll(() => library.close(), 60_000)

  it('renders a template and runs a plugin', async () => {
    const response = await browser.fetch('/?name=Zo%C3%A9')
    expect(response.headers.get('x-route')).toBe('/')
    expect(await response.text()).toBe('<h1>Library of Zoé</h1>')
  })

  it('routes by filters, and answers a dictionary as JSON', async () => {
    const book = await browser.fetch('/books/3')
    expect(await book.json()).toEqual({ number: 3, title: 'Zazie dans le métro' })
    const absent = await browser.fetch('/books/4')
    expect([absent.status, await absent.text()]).toEqual([404, 'missing: no book 4'])
    expect((await browser.fetch('/books/four')).status).toBe(404)
  })

  it('signs a cookie', async () => {
    const reader = new Browser(library.url)
    const login = await reader.submit('/login', { name: 'Zoé' })
    expect([login.status, new URL(login.headers.get('location') ?? '').pathname]).toEqual([
      303,
      '/reader',
    ])
    expect(await (await reader.fetch('/reader')).json()).toEqual({ reader: 'Zoé' })
    expect(await (await browser.fetch('/reader')).json()).toEqual({ reader: null })
  })

  it('takes an upload', async () => {
    const { form, content } = uploadForm({ field: 'scan', name: 'a.png', size: 300_000 }, 'one')
    const response = await browser.fetch('/upload', { method: 'POST', body: form })
    expect(await response.json()).toEqual({
      title: 'one',
      name: 'a.png',
      size: 300_000,
      sha256: sha256(content),
    })
  })

  it('takes JSON', async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await browser.fetch('/json', { method: 'POST', body: '{"a": ["é"]}', headers })
    expect(await response.json()).toEqual({ got: { a: ['é'] } })
  })

  it('sends a static file, and its ranges', async () => {
    const whole = await browser.fetch('/files/book.txt')
    expect(whole.headers.get('content-length')).toBe('200000')
    expect(await whole.text()).toBe(files['book.txt'])
    const part = await browser.fetch('/files/book.txt', { headers: { range: 'bytes=5-14' } })
    expect([part.status, await part.text()]).toEqual([206, '5678901234'])
    const modified = whole.headers.get('last-modified') ?? ''
    const known = { headers: { 'if-modified-since': modified } }
    expect((await browser.fetch('/files/book.txt', known)).status).toBe(304)
    expect((await browser.fetch('/files/none.txt')).status).toBe(404)
    const head = await browser.fetch('/files/book.txt', { method: 'HEAD' })
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['200000', ''])
  })

  it('streams a generator, and closes it', async () => {
    const response = await browser.fetch('/lines?count=2')
    expect(response.headers.get('content-type')).toBe('text/plain; charset=UTF-8')
    expect(await response.text()).toBe('line 0 é\nline 1 é\n')
    expect(await library.journal.has('lines closed')).toBeDefined()
  })

  it('answers an error with 500, and the log has the traceback', async () => {
    expect((await browser.fetch('/broken')).status).toBe(500)
    await expect.poll(() => library.tracebacks('ValueError: broken on purpose'), WAIT).toBe(1)
  })
})
