// wholePath(): an app below a mount gets the path that the client sent.

import express from 'express'
import { expect, it } from 'vitest'
import { fromNode } from '../../src/adapters/node/from-node.ts'
import { factsOf } from '../../src/bridge/app-facts.ts'
import { mount } from '../../src/bridge/mount.ts'
import { sync } from '../../src/bridge/style.ts'
import { wholePath } from '../../src/bridge/whole-path.ts'
import { migrate } from '../../src/migrate/migrate.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { App } from '../../src/bridge/style.ts'

const names = sync((environ, startResponse) => {
  startResponse('200 OK', [])
  return [`${environ.SCRIPT_NAME}|${environ.PATH_INFO}`]
})

it('serves an Express app with whole paths in a migration below a mount', async () => {
  const shop = express()
  shop.get('/orders/:id', (req, res) => void res.send(`${req.baseUrl} ${req.url} ${req.params.id}`))
  const from = fromNode(shop)
  const apps = { '/orders': migrate({ from, to: names }) } as const
  await using below = await testClient(mount(apps))
  expect((await below.get('/orders/7?a=1')).status).toBe(404)

  await using whole = await testClient(
    mount({ '/orders': migrate({ from: wholePath(from), to: names }) }),
  )
  expect((await whole.get('/orders/7?a=1')).text()).toBe(' /orders/7?a=1 7')
})

it('takes an app of any style, and passes on the root path of the server', async () => {
  await using client = await testClient(mount({ '/api': wholePath(names) }))
  expect((await client.get('/api/a')).text()).toBe('|/api/a')
  const nested = mount({ '/site': mount({ '/api': wholePath(names, '/site') }) })
  await using prefixed = await testClient(nested)
  expect((await prefixed.get('/site/api/a')).text()).toBe('/site|/api/a')
})

it('keeps the facts of the app for the report, and names an app of another kind', () => {
  expect(factsOf(wholePath(names)).app).toBe(names)
  expect(() => wholePath(express() as unknown as App)).toThrow(/wholePath: .*fromNode\(app\)/s)
})
