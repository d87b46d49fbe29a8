// Two copies of the package in one process: the server runs one, and the app imports the other.

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { threads } from 'isthmus'
import { afterAll, describe, expect, it } from 'vitest'
import { heldSlots, holding } from '../../src/hosting/gateway/held-slots.ts'
import { hosted } from './behaviour-host.ts'
import type { HeldSlot } from '../../src/hosting/gateway/scheduler/slots.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'isthmus-copy-'))
mkdirSync(join(folder, 'dist'))
cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true })
cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
writeFileSync(
  join(folder, 'app.js'),
  `import { AsyncLocalStorage } from 'node:async_hooks'
import { carry, currentRequest, sync, toSync } from './dist/index.js'
const tenant = carry('copy-tenant', new AsyncLocalStorage())
const called = toSync(new URL('called.js', import.meta.url))
export default sync((environ, startResponse) => {
  if (environ.PATH_INFO === '/called') return called(environ, startResponse)
  startResponse('200 OK', [])
  return [currentRequest()?.requestId + ' ' + tenant.getStore()]
})
`,
)
writeFileSync(
  join(folder, 'called.js'),
  `import { events } from './dist/index.js'
export default events(async (scope, receive, send) => {
  if (scope.type !== 'http') throw new Error('only HTTP')
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: 'called' })
})
`,
)
afterAll(() => rmSync(folder, { recursive: true }))

describe('an app that imports another copy of the package than its server', () => {
  it('knows its request, gets carried values, and may call the event loop', async () => {
    const { carry } = await import('../../src/bridge/request-context.ts')
    const { AsyncLocalStorage } = await import('node:async_hooks')
    const tenant = carry('copy-tenant', new AsyncLocalStorage<string>())
    const pool = threads(pathToFileURL(join(folder, 'app.js')), { max: 1 })
    await using server = await hosted((scope, receive, send) =>
      tenant.run('theatre', () => pool(scope, receive, send)),
    )
    const headers = { 'x-request-id': 'r7' }
    const get = async (path: string): Promise<string> =>
      (await fetch(server.server.url + path, { headers })).text()
    expect(await get('/')).toBe('r7 theatre')
    expect(await get('/called')).toBe('called')
  })

  it('shares the slots that the running code holds, for the search for deadlocks', async () => {
    const url = pathToFileURL(join(folder, 'dist/hosting/gateway/held-slots.js')).href
    const copy = (await import(/* @vite-ignore */ url)) as { heldSlots: typeof heldSlots }
    expect(copy.heldSlots).not.toBe(heldSlots)
    const slot: HeldSlot = { pool: { holders: () => null }, requestId: 1 }
    holding(slot, () => expect(copy.heldSlots()).toEqual([slot]))
  })
})
