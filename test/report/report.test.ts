// report(): the page at a path of a server, with the figures and the migrations of that server.

import { describe, expect, it } from 'vitest'
import { mount } from '../../src/bridge/mount.ts'
import { events } from '../../src/bridge/style.ts'
import { chain } from '../../src/chain/chain.ts'
import { basicAuth } from '../../src/middleware/basic-auth.ts'
import { migrate } from '../../src/migrate/migrate.ts'
import { report } from '../../src/report/report.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { Report } from '../../src/contract/report.ts'
import type { EventApp } from '../../src/contract/events.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

const saying = (body: string): EventApp =>
  events(async (scope, _receive, send) => {
    if (scope.type !== 'http') return
    await send({ type: 'http.response.start', status: 200, headers: [] })
    await send({ type: 'http.response.body', body })
  })
const orders = () => migrate({ from: saying('old'), to: saying('new'), sticky: false })

describe('report()', () => {
  it('shows the figures of its server', async () => {
    const app = mount({ '/report': report(), '/orders': orders(), '/': saying('shop') })
    await using client = await testClient(app, { figures: true })
    await client.get('/')
    const shown = (await client.get('/report/report.json')).json() as Report
    expect(shown.mounts.map(({ path }) => path)).toEqual(['/report', '/orders', '/'])
    expect(shown.mounts[2]?.requests.total).toBe(1)
    expect(shown.migrations.map(({ path }) => path)).toEqual(['/orders'])
    expect((await client.get('/report/')).text()).toContain('data-control="off"')
  })

  it('is read only by default', async () => {
    const app = mount({ '/report': report(), '/orders': orders() })
    await using client = await testClient(app, { figures: true })
    const target = '/report/migrations?path=/orders'
    const response = await client.patch(target, { json: { share: 1 } })
    expect(response.status).toBe(403)
    expect((await client.get('/orders')).text()).toBe('old')
  })

  it('sets a share and rolls it back with the option control', async () => {
    const app = mount({ '/report': report({ control: true }), '/orders': orders() })
    await using client = await testClient(app, { figures: true })
    expect((await client.get('/report/')).text()).toContain('data-control="on"')
    const target = '/report/migrations?path=/orders'
    expect((await client.patch(target, { json: { share: 1 } })).json()).toMatchObject({ share: 1 })
    expect((await client.get('/orders')).text()).toBe('new')
    await client.post('/report/migrations/rollback?path=/orders', { json: {} })
    expect((await client.get('/orders')).text()).toBe('old')
    expect((await client.patch(target, { json: { share: 2 } })).status).toBe(400)
  })

  it('takes no more than 64 KiB of changes', async () => {
    const app = mount({ '/report': report({ control: true }), '/orders': orders() })
    await using client = await testClient(app, { figures: true })
    const body = 'x'.repeat(65_537)
    const target = '/report/migrations?path=/orders'
    expect((await client.patch(target, { headers: JSON_TYPE, body })).status).toBe(413)
  })

  it('says how to keep figures to a server without them', async () => {
    await using client = await testClient(mount({ '/report': report() }))
    const response = await client.get('/report/report.json')
    expect(response.status).toBe(503)
    expect(response.json()).toEqual({
      error:
        'this server keeps no figures: serve(app, { figures: true }), or isthmus serve --figures',
    })
  })

  it('is for the users that a middleware lets pass', async () => {
    const guarded = chain(basicAuth({ users: { operator: 'secret' } }))(report({ control: true }))
    const app = mount({ '/report': guarded, '/orders': orders() })
    await using client = await testClient(app, { figures: true })
    expect((await client.get('/report/report.json')).status).toBe(401)
    const authorization = `Basic ${Buffer.from('operator:secret').toString('base64')}`
    const headers = { authorization }
    expect((await client.get('/report/report.json', { headers })).status).toBe(200)
  })

  it('refuses options that it does not know', () => {
    expect(() => report({ controls: true } as never)).toThrow(
      'report(): unknown option "controls"; did you mean "control"?',
    )
    expect(() => report({ control: 'yes' } as never)).toThrow('option "control" cannot be ')
  })
})
