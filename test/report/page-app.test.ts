// The app of the page: its files, and its guards as a hostile client meets them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testClient } from '../../src/testing/test-client.ts'
import { events } from '../../src/bridge/style.ts'
import { pageApp } from '../../src/report/page-app.ts'
import { startReportServer } from './page/report-server.ts'
import { RawClient } from '../raw/raw-client.ts'
import type { ReportServer } from './page/report-server.ts'

const JSON_TYPE = 'Content-Type: application/json'

let server: ReportServer
beforeAll(async () => {
  server = await startReportServer()
})
afterAll(() => server[Symbol.asyncDispose]())

describe('the files of the page', () => {
  it.each([
    ['', 'text/html; charset=utf-8', '<!doctype html>'],
    ['main.js', 'text/javascript; charset=utf-8', '// The page of the report'],
    ['page.css', 'text/css; charset=utf-8', '/* The page of the report'],
    ['favicon.svg', 'image/svg+xml', '<svg'],
    ['uplot.js', 'text/javascript; charset=utf-8', 'var uPlot='],
    ['uplot.css', 'text/css; charset=utf-8', '.uplot'],
  ])('has "%s" as %s', async (name, type, start) => {
    const response = await fetch(server.url + name)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    expect((await response.text()).replace(/^\/\*! .*\n/, '')).toContain(start)
  })

  it('forbid inline code, frames, and other sites', async () => {
    const { headers } = await fetch(server.url)
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    '../package.json',
    '..%2f..%2fpackage.json',
    '%2e%2e/page-app.ts',
    'tsconfig.json',
    'none.js',
    '/etc/passwd',
  ])('are these alone, and not %s', async (name) => {
    const { status, body } = await ask(`GET /report/${name} HTTP/1.1`)
    expect(status).toBe(404)
    expect(JSON.parse(body)).toEqual({ error: expect.stringContaining('the page has no file') })
  })

  it('are reached from the path without the slash, by a link that is relative', async () => {
    const response = await fetch(server.url.slice(0, -1), { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([307, 'report/'])
    await using client = await testClient(pageApp(noData, false))
    expect((await client.get('/')).status).toBe(200)
  })

  it('take GET and HEAD', async () => {
    const { status, headers, body } = await ask('POST /report/main.js HTTP/1.1')
    expect(status).toBe(405)
    expect(headers.get('allow')).toBe('GET, HEAD')
    expect(JSON.parse(body).error).toBe(
      'the page takes GET and HEAD at /report/main.js, and not POST',
    )
    expect((await fetch(server.url, { method: 'HEAD' })).status).toBe(200)
  })
})

describe('the changes of the page', () => {
  it.each([
    ['a page of this origin', 'Sec-Fetch-Site: same-origin'],
    ['a browser without Fetch Metadata', 'Origin: http://x'],
    ['a client that is no browser', 'Accept: */*'],
  ])('come from %s', async (_name, field) => {
    expect((await change(field, JSON_TYPE)).status).toBe(200)
  })

  it.each([
    ['another site', 'Sec-Fetch-Site: cross-site'],
    ['another subdomain', 'Sec-Fetch-Site: same-site'],
    ['the address bar', 'Sec-Fetch-Site: none'],
    ['another site of an old browser', 'Origin: http://evil.example'],
    ['another port', 'Origin: http://x:81'],
    ['a sandbox', 'Origin: null'],
    ['nonsense', 'Origin: x'],
    ['two origins', 'Origin: http://x http://evil.example'],
    ['a site that claims this origin', 'Origin: http://x\r\nSec-Fetch-Site: cross-site'],
  ])('do not come from %s', async (_name, field) => {
    const { status, body } = await change(field, JSON_TYPE)
    expect(status).toBe(403)
    expect(JSON.parse(body)).toEqual({
      error: 'changes come from the page itself, not from other sites',
    })
    const rollback = await ask(
      'POST /report/migrations/rollback?path=/orders HTTP/1.1',
      field,
      JSON_TYPE,
    )
    expect(rollback.status).toBe(403)
  })

  it.each(['Accept: */*', 'Content-Type: text/plain', 'Content-Type: application/jsonp'])(
    'are JSON, and not "%s"',
    async (type) => {
      const { status, body } = await ask(
        'POST /report/migrations/rollback?path=/orders HTTP/1.1',
        type,
      )
      expect(status).toBe(403)
      expect(JSON.parse(body).error).toBe('changes are JSON: send content-type: application/json')
    },
  )

  it('are refused by a page that is read only', async () => {
    await using client = await testClient(pageApp(noData, false))
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    for (const [method, path] of [
      ['PATCH', '/migrations?path=/orders'],
      ['POST', '/migrations/rollback?path=/orders'],
    ] as const) {
      const response = await client.request(method, path, { headers, json: { share: 1 } })
      expect(response.status).toBe(403)
      expect(response.json()).toEqual({
        error: 'this page is read only; report({ control: true }) allows changes',
      })
    }
    expect((await client.get('/report.json')).text()).toBe('/report')
  })
})

const noData = events(async (scope, _receive, send) => {
  if (scope.type === 'lifespan') return
  const body = scope.path
  await send({ type: 'http.response.start', status: 200, headers: [] } as never)
  await send({ type: 'http.response.body', body } as never)
})

async function change(...fields: string[]): Promise<{ status: number; body: string }> {
  return ask('PATCH /report/migrations?path=/orders HTTP/1.1', ...fields)
}

async function ask(
  line: string,
  ...fields: string[]
): Promise<{ status: number; body: string; headers: Map<string, string> }> {
  const body = '{"share":0.5}'
  const sent = line.startsWith('GET') ? [] : [`Content-Length: ${body.length}`]
  const head = [line, 'Host: x', ...fields, ...sent].join('\r\n')
  using client = await RawClient.connect({
    host: '127.0.0.1',
    port: Number(new URL(server.url).port),
  })
  client.send(`${head}\r\n\r\n${sent.length > 0 ? body : ''}`)
  const { status, headers, body: text } = await client.response()
  return { status, body: text, headers: new Map(headers) }
}
