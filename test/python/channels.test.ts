// A Django site with Channels, unchanged: HTTP and WebSockets of one ASGI app.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser } from './browser.ts'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import { Talk } from './talk.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['django', 'channels'])

describe.skipIf(missing)(`a Django site with Channels${note}`, () => {
  let site: Hosted
  beforeAll(async () => {
    const prepare = 'channels_site.settings'
    const options = { interface: 'asgi', python, prepare } as const
    site = await hosted('channels_site.asgi:application', options)
  }, 60_000)
  afterAll(() => site.close(), 60_000)

  const ada = async (): Promise<Browser> => {
    const browser = new Browser(site.url)
    const entered = await browser.submit('/enter', { name: 'ada', password: 'engine' })
    expect(await entered.text()).toBe('welcome')
    return browser
  }
  const join = async (room: string, cookie: string): Promise<Talk> => {
    const talk = await Talk.open(`${site.url}/rooms/${room}`, { headers: { cookie } })
    expect(JSON.parse(await talk.message())).toEqual({ welcome: 'ada' })
    return talk
  }

  it('answers HTTP with the session of a user', async () => {
    const browser = await ada()
    expect(await (await browser.fetch('/who')).json()).toEqual({ user: 'ada' })
    expect(await (await new Browser(site.url).fetch('/who')).json()).toEqual({ user: '' })
  })

  it('answers by an async view', async () => {
    const body = 'x'.repeat(50_000)
    const response = await new Browser(site.url).fetch('/waiting', { method: 'POST', body })
    expect(await response.json()).toEqual({ size: 50_000, path: '/waiting' })
  })

  it('knows the user of a WebSocket, and sends a message to all of a room', async () => {
    const { cookie } = await ada()
    using first = await join('blue', cookie)
    using second = await join('blue', cookie)
    using other = await join('red', cookie)
    first.send('{"text": "bonjour à tous"}')
    const message = { by: 'ada', text: 'bonjour à tous' }
    expect(JSON.parse(await first.message())).toEqual(message)
    expect(JSON.parse(await second.message())).toEqual(message)
    other.send('{"text": "only red"}')
    expect(JSON.parse(await other.message())).toEqual({ by: 'ada', text: 'only red' })
  })

  it('refuses a WebSocket without a user', async () => {
    expect((await Talk.denied(`${site.url}/rooms/blue`)).status).toBe(403)
  })

  it('notices the end of a WebSocket', async () => {
    const { cookie } = await ada()
    const talk = await join('green', cookie)
    talk.close(4321)
    expect(await site.journal.has('disconnect 4321')).toBeDefined()
  })

  it('runs a blocking consumer', async () => {
    using talk = await Talk.open(`${site.url}/echo`)
    talk.send('to and fro')
    expect(await talk.message()).toBe('to and fro')
    talk.send(Buffer.from('bytes'))
    expect(await talk.message()).toBe('bytes')
  })
})
