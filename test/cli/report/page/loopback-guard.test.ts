// The guard of the page that isthmus report --open serves, as a hostile process and a hostile site meet it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { guardedPage } from '../../../../src/cli/report/page/loopback-guard.ts'
import { serve } from '../../../../src/server/serve.ts'
import { RawClient } from '../../../raw/raw-client.ts'
import type { EventApp } from '../../../../src/contract/events.ts'
import type { Server } from '../../../../src/server/serve.ts'

const page: EventApp = async (scope, _receive, send) => {
  if (scope.type !== 'http') return
  const body = `page ${scope.path.slice(scope.rootPath.length)}`
  await send({ type: 'http.response.start', status: 200, headers: [] })
  await send({ type: 'http.response.body', body })
}

const guarded = guardedPage(page)
let server: Server
let port = 0
beforeAll(async () => {
  server = await serve(guarded.app, { port: 0, log: null })
  port = Number(new URL(server.url).port)
})
afterAll(async () => {
  await server.close()
})

describe('the guard of the page', () => {
  it('has a long secret, and a new one for each command', () => {
    expect(guarded.path).toMatch(/^\/[\w-]{32}\/$/)
    expect(guardedPage(page).path).not.toBe(guarded.path)
    expect(guarded.pathForOnce).not.toContain(guarded.path.slice(1, -1))
  })

  it.each(['127.0.0.1', 'localhost'])('shows the page at the secret path of %s', async (name) => {
    const [status, body] = await ask(`${guarded.path}main.js`, `${name}:${port}`)
    expect([status, body]).toEqual([200, 'page /main.js'])
  })

  it.each([
    'evil.example',
    'evil.example:PORT',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost.evil.example:PORT',
    '[::1]:PORT',
    '0.0.0.0:PORT',
    '127.0.0.1.:PORT',
  ])('refuses the host %s, whose site may lead here', async (host) => {
    for (const path of [guarded.path, guarded.pathForOnce, '/']) {
      const [status, body] = await ask(path, host.replace('PORT', String(port)))
      expect(status).toBe(421)
      expect(body).toContain('this page is at 127.0.0.1 and at localhost')
    }
  })

  it.each(['/', '/report.json', '/main.js', '/x/report.json', '/open/x', '/open/', '//'])(
    'has nothing at %s, which has no secret',
    async (path) => {
      const [status, body] = await ask(path, `127.0.0.1:${port}`)
      expect(status).toBe(404)
      expect(body).toContain('use the address that isthmus report --open has printed')
    },
  )

  it('has nothing at a part of the secret, and at the secret with more', async () => {
    const path = guarded.path.slice(0, -1)
    for (const wrong of [path.slice(0, -1), `${path}x`, `/x${path}/`, path.toLowerCase()]) {
      expect((await ask(wrong, `127.0.0.1:${port}`))[0]).toBe(404)
    }
  })

  it('leads a browser to the page once', async () => {
    const url = server.url + guarded.pathForOnce
    const first = await fetch(url, { redirect: 'manual' })
    expect([first.status, first.headers.get('location')]).toEqual([303, guarded.path])
    expect(first.headers.get('referrer-policy')).toBe('no-referrer')
    const second = await fetch(url, { redirect: 'manual' })
    expect([second.status, second.headers.get('location')]).toEqual([403, null])
  })
})

async function ask(path: string, host: string): Promise<[status: number, body: string]> {
  using client = await RawClient.connect({ host: '127.0.0.1', port })
  client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  const { status, body } = await client.response()
  return [status, body]
}
