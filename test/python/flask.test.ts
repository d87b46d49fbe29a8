// A Flask app, unchanged.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, sha256, uploadForm } from './browser.ts'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['flask'])

describe.skipIf(missing)(`a Flask app${note}`, () => {
  let shop: Hosted
  let browser: Browser
  beforeAll(async () => {
    shop = await hosted('flask_shop:app', { interface: 'wsgi', python })
    browser = new Browser(shop.url)
  }, 60_000)
  afterAll(() => shop.close(), 60_000)

  it('renders a template, with links from the request', async () => {
    const response = await browser.fetch('/?name=%3CZo%C3%A9%3E')
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await response.text()).toBe('<h1>The shop of &lt;Zoé&gt;</h1><a href="/cart">cart</a>')
  })

  it('keeps a session in a cookie, from a form', async () => {
    const buyer = new Browser(shop.url)
    const added = await buyer.submit('/cart/add', { item: 'thé vert', count: '2' })
    expect(added.status).toBe(303)
    expect(new URL(added.headers.get('location') ?? '', shop.url).pathname).toBe('/cart')
    await buyer.submit('/cart/add', { item: 'cup', count: '1' })
    const items = await buyer.fetch('/cart')
    expect(await items.json()).toEqual({
      items: [
        { item: 'thé vert', count: 2 },
        { item: 'cup', count: 1 },
      ],
    })
    expect(await (await new Browser(shop.url).fetch('/cart')).json()).toEqual({ items: [] })
  })

  it('takes and answers JSON', async () => {
    const headers = { 'content-type': 'application/json' }
    const post = (body: string) => browser.fetch('/api/price', { method: 'POST', body, headers })
    const priced = await post('{"price": 3, "count": 4, "note": "é"}')
    expect([priced.status, await priced.json()]).toEqual([201, { total: 12, note: 'é' }])
    expect((await post('{"price": ')).status).toBe(400)
  })

  it('takes an upload of a megabyte', async () => {
    const file = { field: 'picture', name: 'métro.png', size: 1024 * 1024 + 7 }
    const { form, content } = uploadForm(file, 'le métro')
    const response = await browser.fetch('/upload', { method: 'POST', body: form })
    expect(await response.json()).toEqual({
      title: 'le métro',
      name: 'métro.png',
      type: 'image/png',
      size: content.length,
      sha256: sha256(content),
    })
  })

  it('refuses a body above MAX_CONTENT_LENGTH by its own handler', async () => {
    const file = { field: 'picture', name: 'a.png', size: 9 * 1024 * 1024 }
    const { form } = uploadForm(file, 'large')
    const response = await browser.fetch('/upload', { method: 'POST', body: form })
    expect([response.status, await response.json()]).toEqual([413, { error: 'too large' }])
  })

  it('sends a file, its ranges, and nothing if the client has it', async () => {
    const whole = await browser.fetch('/manual')
    expect(whole.headers.get('content-disposition')).toBe('attachment; filename=manual.txt')
    expect(whole.headers.get('content-length')).toBe('320000')
    const text = await whole.text()
    expect(text.length).toBe(320_000)

    const headers = { range: 'bytes=8-23' }
    const part = await browser.fetch('/manual', { headers })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe('bytes 8-23/320000')
    expect(await part.text()).toBe('0000001\n0000002\n')

    const etag = whole.headers.get('etag') ?? ''
    const known = await browser.fetch('/manual', { headers: { 'if-none-match': etag } })
    expect([known.status, await known.text()]).toEqual([304, ''])
    const beyond = await browser.fetch('/manual', { headers: { range: 'bytes=400000-' } })
    expect(beyond.status).toBe(416)
  })

  it('sends a file from memory', async () => {
    expect((await (await browser.fetch('/memory')).text()).length).toBe(320_000)
  })

  it('streams rows as they are made, with the request in reach', async () => {
    using client = await shop.connect()
    client.send('GET /report?rows=3&name=x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await client.head()
    expect(await client.chunk()).toBe('0,x\n')
    await shop.release('report')
    expect(await client.rest()).toMatch(/1,x\n[^]*2,x\n[^]*\r\n0\r\n\r\n$/)
    await shop.journal.has('teardown /report?rows=3&name=x -')
  })

  it('runs its hooks around each request', async () => {
    const response = await browser.fetch('/pid?hooks')
    expect(response.headers.get('x-shop')).toBe('GET pid')
    await shop.journal.has('teardown /pid?hooks -')
  })

  it('sets two cookies', async () => {
    const response = await fetch(`${shop.url}/cookies`)
    expect(response.headers.getSetCookie()).toEqual([
      'first=one; HttpOnly; Path=/',
      'second="two\\073 and more"; Path=/; SameSite=Lax',
    ])
  })

  it('answers errors by its own handlers', async () => {
    const absent = await browser.fetch('/nothing%20here')
    const error = { error: 'not found', path: '/nothing here' }
    expect([absent.status, await absent.json()]).toEqual([404, error])
    expect((await browser.fetch('/teapot')).status).toBe(418)
    const wrong = await browser.fetch('/cart/add')
    expect([wrong.status, wrong.headers.get('allow')?.includes('POST')]).toEqual([405, true])
  })

  it('reads the facts of the request', async () => {
    const response = await browser.fetch('/echo?a=1&b=%C3%A9', {
      method: 'PATCH',
      body: 'body',
      headers: { 'user-agent': 'the tests' },
    })
    expect(await response.json()).toMatchObject({
      method: 'PATCH',
      size: 4,
      sha256: sha256('body'),
      length: 4,
      query: 'a=1&b=%C3%A9',
      path: '/echo',
      root: '',
      url: `${shop.url}/echo?a=1&b=é`,
      agent: 'the tests',
      address: '127.0.0.1',
      scheme: 'http',
    })
  })

  it('answers HEAD and OPTIONS by itself', async () => {
    const head = await browser.fetch('/manual', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '320000'])
    const options = await browser.fetch('/manual', { method: 'OPTIONS' })
    expect(options.headers.get('allow')?.split(', ').toSorted()).toEqual(['GET', 'HEAD', 'OPTIONS'])
  })
})
