// The migrations in the mount tables of a server.

import { expect, it } from 'vitest'
import { mount } from '../../../src/bridge/mount.ts'
import { events } from '../../../src/bridge/style.ts'
import { chain } from '../../../src/chain/chain.ts'
import { requestId } from '../../../src/middleware/request-id.ts'
import { migrate } from '../../../src/migrate/migrate.ts'
import { migrationsOf } from '../../../src/report/control/migrations-of.ts'

const app = events(async () => undefined)

it('finds each migration by its path, also in a chain and in an inner table', () => {
  const [orders, items, root] = [0.1, 0.2, 0.3].map((share) =>
    migrate({ from: app, to: app, share }),
  )
  const table = mount({
    '/orders': chain(requestId())(orders!),
    '/shop/': mount({ '/items': items!, '/': app }),
    '/': root!,
  })
  const found = migrationsOf(chain(requestId())(table))
  const shares = [...found].map(([path, migration]) => [path, migration.report().share])
  expect(shares).toEqual([
    ['/orders', 0.1],
    ['/shop/items', 0.2],
    ['/', 0.3],
  ])
  found.get('/orders')?.set({ share: 0.5 })
  expect(orders?.report().share).toBe(0.5)
})

it('puts the path of the app itself in front', () => {
  const root = migrate({ from: app, to: app })
  expect([...migrationsOf(root, '/api').keys()]).toEqual(['/api'])
  expect([...migrationsOf(mount({ '/a': root }), '/api').keys()]).toEqual(['/api/a'])
})

it('finds none in an app of the user', () => {
  expect(migrationsOf(app).size).toBe(0)
})
