// isthmus serve with the control socket, the state of migrations, and the metrics; isthmus report and isthmus migrate.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askControl } from '../../../src/cli/control-client.ts'
import { freePort } from '../../raw/free-port.ts'
import { parseMetrics } from '../../report/metrics/parse-metrics.ts'
import { Command, get, linesWith, run } from '../command.ts'
import type { Report } from '../../../src/contract/report.ts'

const APP = 'test/fixtures/cli/migrating.js'
const WITHOUT_CLIENT = { NODE_OPTIONS: '--import ./test/fixtures/cli/no-prom-client.mjs' }

let folder = ''
let socket = ''
let state = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-operator-'))
  socket = join(folder, 'control.sock')
  state = join(folder, 'state.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function served(words: string[], env: Record<string, string> = {}): Command {
  return new Command(['serve', APP, '--port', '0', '--no-access-log', ...words], env)
}

async function output(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(words, { ISTHMUS_CONTROL: socket })
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
  return stdout
}

async function failure(...words: string[]): Promise<string> {
  const { status, stderr } = await run(words, { ISTHMUS_CONTROL: socket })
  return `${status}: ${stderr}`
}

function asUser(url: string, user: string): Promise<string> {
  const headers = { 'x-user': user }
  return fetch(url, { headers, signal: AbortSignal.timeout(30_000) }).then((one) => one.text())
}

describe('isthmus serve --control', { timeout: 60_000 }, () => {
  it('has a socket for its owner alone, and removes it at the end', async () => {
    using command = served(['--control', socket])
    await command.url()
    expect(statSync(socket).mode & 0o777).toBe(0o600)
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(0)
    expect(existsSync(socket)).toBe(false)
  })

  it('lets isthmus report print the figures, as a table and as JSON', async () => {
    using command = served([], { ISTHMUS_CONTROL: socket })
    const url = await command.url()
    for (let index = 0; index < 3; index += 1) await get(`${url}/x`)
    const report = JSON.parse(await output('report', '--json')) as Report
    expect(report.version).toBe(1)
    const mount = report.mounts.find(({ path }) => path === '/')
    expect(mount?.requests).toMatchObject({ total: 3, byClass: { 2: 3 } })
    expect(report.migrations).toMatchObject([{ path: '/orders', share: 0 }])

    const text = await output('report')
    expect(text).toMatch(/^process \d+ on Node \d/)
    expect(text).toMatch(/^\/holds +/m)
    expect(text).toMatch(/^\/orders +0 +- /m)
  })

  it('lets isthmus report --watch print until the server ends', async () => {
    using command = served(['--control', socket])
    await command.url()
    using watch = new Command(['report', '--watch', '--json', '--control', socket])
    await watch.says('\n{"version":1,')
    command.signal('SIGTERM')
    expect(await watch.ended()).toMatchObject({
      status: 1,
      stderr: `isthmus: there is no ${socket}; start the server with --control ${socket}\n`,
    })
  })

  it('lets isthmus migrate change the share for the next request, and logs it', async () => {
    using command = served(['--control', socket, '--log-format', 'json'])
    const orders = `${await command.url()}/orders`
    expect(await asUser(orders, 'a')).toBe('old')
    expect(await output('migrate', 'set', '/orders', '--share', '1')).toBe(
      '/orders: share 1, no shadow\n',
    )
    expect(await asUser(orders, 'a')).toBe('new')
    expect(await output('migrate', 'set', '/orders', '--shadow-rate', '0.5', '--baseline')).toBe(
      '/orders: share 1, shadow 0.5 with baseline: 0 of 0 differ\n',
    )
    expect(await output('migrate', 'show')).toMatch(/^\/orders: share 1, shadow 0\.5 with baseline/)
    expect(await output('migrate', 'rollback', '/orders')).toMatch(
      /^\/orders: share 0, shadow 0\.5/,
    )
    expect(await asUser(orders, 'a')).toBe('old')
    expect(await output('migrate', 'set', '/orders', '--no-shadow')).toBe(
      '/orders: share 0, no shadow\n',
    )
    const lines = linesWith(
      'the control socket has changed the migration',
      await command.logs('changed'),
    )
    expect(lines[0]).toMatchObject({ path: '/orders', share: 1 })
  })

  it('names a migration with the root path of the server, as the report does', async () => {
    using command = served(['--control', socket, '--root-path', '/api/'])
    await command.url()
    expect(await output('migrate', 'set', '/api/orders', '--share', '1')).toMatch(/: share 1,/)
    expect(await output('migrate', 'show', '/api/orders')).toMatch(/^\/api\/orders: share 1,/)
  })

  it('lets isthmus migrate fail with one line', async () => {
    using command = served(['--control', socket])
    await command.url()
    expect(await failure('migrate', 'set', '/nowhere', '--share', '1')).toBe(
      '1: isthmus: there is no migration at /nowhere; the migrations are at /orders\n',
    )
    expect(await failure('migrate', 'show', '/nowhere')).toBe(
      '1: isthmus: there is no migration at /nowhere; the migrations are at /orders\n',
    )
    expect(await failure('migrate', 'set', '/orders', '--share', '7')).toBe(
      '2: isthmus: --share must be a number from 0 to 1, such as 0.25, got "7"\n',
    )
  })

  it('fails if another server has the socket, and leaves that alone', async () => {
    using first = served(['--control', socket])
    await first.url()
    using second = served(['--control', socket])
    const { status, stderr } = await second.ended()
    expect([status, stderr]).toEqual([
      1,
      `isthmus: ${socket} is in use; choose another --control, or remove the file if no server uses it\n`,
    ])
    expect(await output('migrate', 'show')).toBe('/orders: share 0, no shadow\n')
  })

  it('takes the socket over while the server before it drains', async () => {
    using first = served(['--control', socket])
    const slow = get(`${await first.url()}/holds?2000`)
    await get(`${await first.url()}/`).catch(() => undefined)
    first.signal('SIGTERM')
    await first.logs('SIGTERM')
    using second = served(['--control', socket])
    await second.url()
    await slow.catch(() => undefined)
    expect((await first.ended()).status).toBe(0)
    expect(await output('migrate', 'show')).toBe('/orders: share 0, no shadow\n')
  })

  it('refuses a path that is too long for a socket', async () => {
    using command = served(['--control', `/tmp/${'x'.repeat(200)}`])
    const { status, stderr } = await command.ended()
    expect(status).toBe(2)
    expect(stderr).toMatch(/^isthmus: --control cannot be '\/tmp\/x+'.*choose a shorter one\n$/)
  })
})

describe('isthmus serve --migrate-state', { timeout: 60_000 }, () => {
  it('keeps over a restart the values that the control socket has set', async () => {
    const words = ['--control', socket, '--migrate-state', state]
    {
      using command = served(words)
      await command.url()
      await output('migrate', 'set', '/orders', '--share', '1', '--shadow-rate', '0.25')
      command.signal('SIGKILL')
      await command.ended()
    }
    expect(JSON.parse(readFileSync(state, 'utf8'))).toEqual({
      version: 1,
      migrations: { '/orders': { share: 1, shadow: { rate: 0.25, baseline: false } } },
    })
    using command = served([...words, '--log-format', 'json'])
    const url = await command.url()
    expect(await asUser(`${url}/orders`, 'a')).toBe('new')
    expect(await output('migrate', 'show')).toMatch(/^\/orders: share 1, shadow 0\.25: /)
    expect(linesWith('continues as', await command.logs('continues as'))).toHaveLength(1)
  })

  it('warns of a path without a migration', async () => {
    writeFileSync(state, '{"version":1,"migrations":{"/gone":{"share":1}}}')
    using command = served(['--migrate-state', state])
    await command.url()
    expect(await command.logs('/gone')).toContain('names /gone, where no migration is mounted')
  })

  it('fails at the start for a broken file, before the server listens', async () => {
    writeFileSync(state, '{"version":1,"migrations":{"/orders":{"share":"all"}}}')
    using command = served(['--migrate-state', state])
    expect(await command.ended()).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `isthmus: --migrate-state ${state} cannot be used: /orders: "share" is a number from 0 to 1, got "all"; correct the file, or remove it\n`,
    })
  })
})

describe('isthmus serve --metrics', { timeout: 60_000 }, () => {
  it('has the metrics on a mount', async () => {
    using command = served(['--metrics', '/internal/metrics'])
    const url = await command.url()
    await get(`${url}/x`)
    const { values } = parseMetrics(await get(`${url}/internal/metrics`))
    expect(values.get('http_server_requests_total{mount="/",class="2xx"}')).toBe(1)
    expect(values.get('isthmus_migration_share_ratio{mount="/orders"}')).toBe(0)
    const refused = await fetch(`${url}/internal/metrics`, { method: 'POST' })
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('has the metrics on a server of their own', async () => {
    const port = await freePort()
    using command = served(['--metrics', String(port), '--log-format', 'json'])
    await get(`${await command.url()}/x`)
    await command.logs(`the metrics are at http://127.0.0.1:${port}/metrics`)
    const response = await fetch(`http://127.0.0.1:${port}/metrics`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const { values } = parseMetrics(await response.text())
    expect(values.get('http_server_requests_total{mount="/",class="2xx"}')).toBe(1)
    expect(values.get('http_server_request_duration_seconds_count{mount="/"}')).toBe(1)
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404)
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(0)
  })

  it('fails if their port is taken, and names the flag', async () => {
    const port = await freePort()
    using first = served(['--metrics', String(port)])
    await first.url()
    using second = served(['--metrics', String(port)])
    expect(await second.ended()).toMatchObject({
      status: 1,
      stderr: `isthmus: 127.0.0.1:${port} is in use; choose another --metrics, or 0 for a free one\n`,
    })
  })

  it.each(['/metrics', '0'])('fails at the start without prom-client (%s)', async (place) => {
    using command = served(['--metrics', place], WITHOUT_CLIENT)
    const { status, stderr } = await command.ended()
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^isthmus: .*metrics need the package prom-client: npm install prom-client\n/m,
    )
  })

  it('leaves the control socket without prom-client, which says so for the metrics', async () => {
    using command = served(['--control', socket], WITHOUT_CLIENT)
    await command.url()
    await expect(askControl(socket, { method: 'GET', target: '/metrics' })).rejects.toThrow(
      'metrics need the package prom-client: npm install prom-client',
    )
    expect(await output('migrate', 'show')).toBe('/orders: share 0, no shadow\n')
  })

  it('is refused at the path of another mount', async () => {
    const words = ['--metrics', '/x', '--mount', `/x=${APP}`]
    using command = served(words)
    expect(await command.ended()).toMatchObject({
      status: 2,
      stderr: 'isthmus: --metrics and --mount both take /x\n',
    })
  })
})
