// The requests that the control socket takes, in process.

import { describe, expect, it } from 'vitest'
import { controlApp } from '../../../src/report/control/control-app.ts'
import { ownMigrations } from '../../../src/report/control/own-migrations.ts'
import { testClient } from '../../../src/testing/test-client.ts'
import { EXAMPLE_REPORT } from '../example-report.ts'
import { exampleServer } from './example-server.ts'
import { fakeMigration } from './fake-migration.ts'
import type { TestClient } from '../../../src/testing/client.ts'
import type { Controlled } from '../../../src/report/control/controlled.ts'
import type { MigrationChanges } from '../../../src/report/control/migration-changes.ts'

interface Opened extends AsyncDisposable {
  client: TestClient
  lines: unknown[]
}

/** Opens the control app of a server with a migration at /orders. */
async function opened(changes: Partial<Controlled> = {}): Promise<Opened> {
  const lines: unknown[] = []
  const line = (fields: object, message: string): void => void lines.push([message, fields])
  const log = { debug: line, info: line, warn: line, error: line }
  const app = controlApp(exampleServer({ log, ...changes }))
  const client = await testClient(app, { log: null })
  return { client, lines, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() }
}

const JSON_TYPE: Record<string, string> = { 'content-type': 'application/json' }

async function patch(
  client: TestClient,
  body: unknown,
  { path = '/migrations?path=/orders', headers = JSON_TYPE } = {},
): Promise<[status: number, body: unknown]> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await client.request('PATCH', path, { headers, body: text })
  return [response.status, response.json()]
}

async function refusal(
  client: TestClient,
  method: string,
  path: string,
): Promise<[status: number, error: unknown]> {
  const response = await client.request(method, path)
  return [response.status, (response.json() as { error: string }).error]
}

describe('the control app', () => {
  it('answers with the report as JSON, which no cache keeps', async () => {
    await using server = await opened()
    const response = await server.client.get('/report')
    expect(response.json()).toEqual(EXAMPLE_REPORT)
    expect(response.headers).toContainEqual(['content-type', 'application/json'])
    expect(response.headers).toContainEqual(['cache-control', 'no-store'])
    expect((await server.client.request('HEAD', '/report')).status).toBe(200)
  })

  it('answers with the metrics as text', async () => {
    await using server = await opened()
    const response = await server.client.get('/metrics')
    expect(response.text()).toContain('http_server_active_requests{mount="/legacy"} 14\n')
    expect(response.headers).toContainEqual([
      'content-type',
      'text/plain; version=0.0.4; charset=utf-8',
    ])
  })

  it('changes the share and the shadow of a migration, and logs the values', async () => {
    await using server = await opened()
    const [status, body] = await patch(server.client, { share: 0.5, shadow: { rate: 0.1 } })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      path: '/orders',
      share: 0.5,
      shadow: { rate: 0.1, baseline: true },
    })
    expect(server.lines).toEqual([
      [
        'the control socket has changed the migration at /orders',
        { path: '/orders', share: 0.5, shadow: { rate: 0.1, baseline: true } },
      ],
    ])
    const [, off] = await patch(server.client, { shadow: null })
    expect(off).toMatchObject({ share: 0.5, shadow: null })
  })

  it('rolls a migration back', async () => {
    await using server = await opened()
    const response = await server.client.request('POST', '/migrations/rollback?path=%2Forders')
    expect([response.status, response.json()]).toMatchObject([200, { path: '/orders', share: 0 }])
  })

  it('names the known migrations to a request for another one', async () => {
    await using server = await opened()
    const known = 'the migrations are at /orders'
    expect(await refusal(server.client, 'PATCH', '/migrations?path=/nowhere')).toEqual([
      404,
      `there is no migration at /nowhere; ${known}`,
    ])
    expect(await refusal(server.client, 'POST', '/migrations/rollback')).toEqual([
      400,
      `name the migration, as in ?path=/orders; ${known}`,
    ])
    await using without = await opened({ migrations: ownMigrations(new Map()) })
    expect(await refusal(without.client, 'PATCH', '/migrations?path=/orders')).toEqual([
      404,
      'this server has no migration; see migrate()',
    ])
  })

  it('refuses other paths and methods, and names those that there are', async () => {
    await using server = await opened()
    const [status, error] = await refusal(server.client, 'GET', '/toString')
    expect(status).toBe(404)
    expect(error).toMatch(
      /^there is no \/toString; the requests are GET \/report, GET \/workers, GET \/metrics/,
    )
    const response = await server.client.request('POST', '/report')
    expect(response.status).toBe(405)
    expect(response.headers).toContainEqual(['allow', 'GET, HEAD'])
    expect(response.json()).toEqual({ error: '/report takes GET, HEAD, and not POST' })
    expect((await server.client.request('DELETE', '/migrations?path=/orders')).status).toBe(405)
  })

  it.each<[body: unknown, error: string]>([
    ['{', 'the body is no JSON: '],
    [[], 'the body is an object with "share" and "shadow", got []'],
    [null, 'the body is an object with "share" and "shadow", got null'],
    [{}, 'nothing to change: give "share", "shadow" or both'],
    [{ share: 1.5 }, '"share" is a number from 0 to 1, got 1.5'],
    [{ share: '1' }, '"share" is a number from 0 to 1, got "1"'],
    [{ share: null }, '"share" is a number from 0 to 1, got null'],
    [{ shares: 1 }, 'unknown key "shares"; the keys are "share" and "shadow"'],
    [{ shadow: 1 }, '"shadow" is an object with "rate" and "baseline", or null, got 1'],
    [{ shadow: { rate: -1 } }, '"shadow.rate" is a number from 0 to 1, got -1'],
    [{ shadow: { baseline: 1 } }, '"shadow.baseline" is true or false, got 1'],
    [
      { shadow: { methods: [] } },
      'unknown key "shadow.methods"; the keys are "rate" and "baseline"',
    ],
  ])('refuses the changes %j', async (body, error) => {
    await using server = await opened()
    const [status, answer] = await patch(server.client, body)
    expect(status).toBe(400)
    expect((answer as { error: string }).error).toContain(error)
    expect(server.lines).toEqual([])
  })

  it('refuses changes that are not called JSON', async () => {
    await using server = await opened()
    for (const headers of [
      {} as Record<string, string>,
      { 'content-type': 'application/x-www-form-urlencoded' },
    ]) {
      const [status, answer] = await patch(server.client, { share: 1 }, { headers })
      expect([status, answer]).toEqual([
        415,
        { error: 'the changes are JSON: send content-type: application/json (curl --json)' },
      ])
    }
    const charset = { 'content-type': 'Application/JSON; charset=utf-8' }
    expect((await patch(server.client, { share: 1 }, { headers: charset }))[0]).toBe(200)
  })

  it('notes a change in the state: the resulting values of the parts that it named', async () => {
    const notes: unknown[] = []
    const note = async (path: string, changes: MigrationChanges): Promise<void> =>
      void notes.push([path, changes])
    await using server = await opened({ state: { note } })
    await patch(server.client, { shadow: { rate: 0.2 } })
    await server.client.request('POST', '/migrations/rollback?path=/orders')
    expect(notes).toEqual([
      ['/orders', { shadow: { rate: 0.2, baseline: true } }],
      ['/orders', { share: 0 }],
    ])
  })

  it('makes a change also if the state file cannot be written, and says so', async () => {
    const note = (): Promise<void> => Promise.reject(new Error('ENOSPC: the disk is full'))
    const migration = fakeMigration()
    const migrations = ownMigrations(new Map([['/orders', migration]]))
    await using server = await opened({ state: { note }, migrations })
    const path = '/migrations/rollback?path=/orders'
    expect(await refusal(server.client, 'POST', path)).toEqual([
      500,
      'the change has taken effect, but a restart does not keep it: ENOSPC: the disk is full',
    ])
    expect(migration.report().share).toBe(0)
    expect(server.lines).toHaveLength(2)
  })

  it('has the workers alone too', async () => {
    await using server = await opened()
    expect((await server.client.get('/workers')).json()).toEqual({ workers: [] })
  })

  it('reloads, and answers when the new code serves', async () => {
    await using server = await opened()
    const response = await server.client.request('POST', '/reload')
    expect([response.status, response.json()]).toEqual([200, { workers: 2, pools: 0, errors: [] }])
    expect((await server.client.get('/reload')).status).toBe(405)
  })

  it('has the reason why new code did not load', async () => {
    const errors = ['app.js does not parse', 'b.js neither']
    await using server = await opened({ reload: async () => ({ workers: 0, pools: 1, errors }) })
    const response = await server.client.request('POST', '/reload')
    expect([response.status, response.json()]).toEqual([
      500,
      {
        error: 'the old code serves on: app.js does not parse\nb.js neither',
        workers: 0,
        pools: 1,
        errors,
      },
    ])
  })

  it('says what to do if a reload has nothing to load', async () => {
    const nothing = { workers: 0, pools: 0, errors: [] }
    await using server = await opened({ reload: async () => nothing })
    expect(await refusal(server.client, 'POST', '/reload')).toEqual([
      409,
      'nothing to reload: no app runs in threads or processes; restart the server, or serve with --workers',
    ])
    await using guarded = await opened({ reload: null })
    expect((await guarded.client.request('POST', '/reload')).status).toBe(403)
  })

  it('denies WebSockets', async () => {
    await using server = await opened()
    await expect(server.client.websocket('/report')).rejects.toThrow('403')
  })
})
