// Python apps below a prefix, beside an app of isthmus and inside a chain: links and redirects stay below the prefix.

import { chain, iterable, mount } from 'isthmus'
import { requestId } from 'isthmus/middleware'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser } from './browser.ts'
import { hosted } from './hosted.ts'
import { isReference } from './is-reference.ts'
import { pythonWith } from './python-with.ts'
import { Talk } from './talk.ts'
import type { App } from 'isthmus'
import type { Hosted } from './hosted.ts'

const ALONE = isReference ? ' (of isthmus alone)' : ''
const root = iterable(async function* (_environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield 'the root'
})
const around = (app: App): App =>
  chain(requestId())(mount({ '/un der': app, '/': root }))
const PREFIX = '/un%20der'

const flask = pythonWith(['flask'])
describe.skipIf(flask.missing || isReference)(`a mounted Flask app${flask.note}${ALONE}`, () => {
  let shop: Hosted
  let browser: Browser
  beforeAll(async () => {
    const options = { interface: 'wsgi', python: flask.python, around } as const
    shop = await hosted('flask_shop:app', options)
    browser = new Browser(shop.url)
  }, 40_000)
  afterAll(() => shop.close(), 20_000)

  it('makes its links below the prefix', async () => {
    const page = await browser.fetch(`${PREFIX}/`)
    expect(await page.text()).toContain(`href="${PREFIX}/cart"`)
    expect(page.headers.get('x-request-id')).toMatch(/./)
    expect(await (await browser.fetch('/cart')).text()).toBe('the root')
  })

  it('redirects below the prefix', async () => {
    const added = await browser.submit(`${PREFIX}/cart/add`, { item: 'tea', count: '1' })
    const location = new URL(added.headers.get('location') ?? '', shop.url)
    expect(location.pathname).toBe(`${PREFIX}/cart`)
    const cart = await browser.fetch(location.pathname)
    expect(await cart.json()).toEqual({ items: [{ item: 'tea', count: 1 }] })
  })

  it('has the prefix in script_root, the rest in path, and the bytes of the path', async () => {
    const echo = await browser.fetch(`${PREFIX}/echo?x=%2F`)
    expect(await echo.json()).toMatchObject({ root: '/un der', path: '/echo', query: 'x=%2F' })
  })
})

const django = pythonWith(['django'])
const SITES = [
  ['wsgi', 'django_site.wsgi:application'],
  ['asgi', 'django_site.asgi:application'],
] as const
describe.each(SITES)('a mounted Django site by %s', (kind, spec) => {
  it.skipIf(django.missing || isReference)(
    `finds its pages, and its admin${django.note}${ALONE}`,
    async () => {
      const { python } = django
      const prepare = 'django_site.settings'
      const site = await hosted(spec, { interface: kind, python, prepare, around })
      try {
        const admin = new Browser(site.url)
        expect((await admin.fetch(`${PREFIX}/admin/login/`)).status).toBe(200)
        const login = { username: 'ada', password: 'engine' }
        const entered = await admin.submit(`${PREFIX}/admin/login/?next=${PREFIX}/admin/`, login)
        expect(entered.headers.get('location')).toBe(`${PREFIX}/admin/`)
        expect((await admin.fetch(`${PREFIX}/admin/`)).status).toBe(200)
        expect(await (await admin.fetch(`${PREFIX}/who`)).json()).toMatchObject({
          url: `${site.url}${PREFIX}/who`,
        })
      } finally {
        await site.close()
      }
    },
    60_000,
  )
})

const channels = pythonWith(['django', 'channels'])
describe.skipIf(channels.missing || isReference)(
  `a mounted site with Channels${channels.note}${ALONE}`,
  () => {
    it('has its WebSockets below the prefix', async () => {
      const { python } = channels
      const prepare = 'channels_site.settings'
      const options = { interface: 'asgi', python, prepare, around } as const
      const site = await hosted('channels_site.asgi:application', options)
      try {
        using talk = await Talk.open(`${site.url}${PREFIX}/echo`)
        talk.send('to and fro')
        expect(await talk.message()).toBe('to and fro')
      } finally {
        await site.close()
      }
    }, 60_000)
  },
)
