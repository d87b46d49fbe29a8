// Python apps below a prefix, beside an app of isthmus and inside a chain: links and redirects stay below the prefix.

import { chain, iterable, mount } from 'isthmus'
import { requestId } from 'isthmus/middleware'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser } from './browser.ts'
import { hosted } from './hosted.ts'
import { isReference } from './is-reference.ts'
import { pythonWith } from './python-with.ts'
import { Talk } from './talk.ts'
import type { EventApp, HostedApp } from 'isthmus'
import type { Hosted } from './hosted.ts'

const ALONE = isReference ? ' (of isthmus alone)' : ''
const root = iterable(async function* (_environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield 'the root'
})
const below =
  (prefix: string) =>
  (app: EventApp): HostedApp =>
    chain(requestId())(mount({ [prefix]: app, '/': root }))

const flask = pythonWith(['flask'])
describe.skipIf(flask.missing || isReference)(`a mounted Flask app${flask.note}${ALONE}`, () => {
  let shop: Hosted
  let browser: Browser
  beforeAll(async () => {
    const { python } = flask
    const around = below('/old/shop')
    shop = await hosted('flask_shop:app', { interface: 'wsgi', python, around })
    browser = new Browser(shop.url)
  }, 60_000)
  afterAll(() => shop.close(), 60_000)

  it('makes its links below the prefix', async () => {
    const page = await browser.fetch('/old/shop/')
    expect(await page.text()).toContain('href="/old/shop/cart"')
    expect(page.headers.get('x-request-id')).toMatch(/./)
    expect(await (await browser.fetch('/cart')).text()).toBe('the root')
  })

  it('redirects below the prefix', async () => {
    const added = await browser.submit('/old/shop/cart/add', { item: 'tea', count: '1' })
    const location = new URL(added.headers.get('location') ?? '', shop.url)
    expect(location.pathname).toBe('/old/shop/cart')
    const cart = await browser.fetch(location.pathname)
    expect(await cart.json()).toEqual({ items: [{ item: 'tea', count: 1 }] })
  })

  it('has the prefix in script_root, and the rest in path', async () => {
    const echo = await browser.fetch('/old/shop/echo?x=%2F')
    const facts = { root: '/old/shop', path: '/echo', query: 'x=%2F' }
    expect(await echo.json()).toMatchObject(facts)
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
      const around = below('/un der')
      const site = await hosted(spec, { interface: kind, python, prepare, around })
      try {
        const admin = new Browser(site.url)
        expect((await admin.fetch('/un%20der/admin/login/')).status).toBe(200)
        const login = { username: 'ada', password: 'engine' }
        const entered = await admin.submit('/un%20der/admin/login/?next=/un%20der/admin/', login)
        expect(entered.headers.get('location')).toBe('/un%20der/admin/')
        expect((await admin.fetch('/un%20der/admin/')).status).toBe(200)
        const who = await admin.fetch('/un%20der/who')
        expect(await who.json()).toMatchObject({ url: `${site.url}/un%20der/who` })
      } finally {
        await site.close()
      }
    },
    60_000,
  )
})

const starlette = pythonWith(['starlette'])
const channels = pythonWith(['django', 'channels'])
describe('an app with WebSockets in a mount', () => {
  it.skipIf(starlette.missing || isReference)(
    `has its routes below the prefix: Starlette${starlette.note}${ALONE}`,
    async () => {
      const { python } = starlette
      const around = below('/live')
      const options = { interface: 'asgi', python, around } as const
      const newsroom = await hosted('starlette_app:app', options)
      try {
        const facts = await fetch(`${newsroom.url}/live/facts/a`)
        const url = `${newsroom.url}/live/facts/a`
        expect(await facts.json()).toMatchObject({ root_path: '/live', url, started: true })
        using talk = await Talk.open(`${newsroom.url}/live/ws/rooms`)
        talk.send('to and fro')
        expect(await talk.message()).toBe('echo to and fro')
      } finally {
        await newsroom.close()
      }
    },
    60_000,
  )

  it.skipIf(channels.missing || isReference)(
    `has its routes below the prefix: Channels${channels.note}${ALONE}`,
    async () => {
      const { python } = channels
      const prepare = 'channels_site.settings'
      const options = { interface: 'asgi', python, prepare, around: below('/live') } as const
      const site = await hosted('channels_site.asgi:application', options)
      try {
        const waiting = await fetch(`${site.url}/live/waiting`)
        expect(await waiting.json()).toEqual({ size: 0, path: '/live/waiting' })
        using talk = await Talk.open(`${site.url}/live/echo`)
        talk.send('to and fro')
        expect(await talk.message()).toBe('to and fro')
      } finally {
        await site.close()
      }
    },
    60_000,
  )
})
