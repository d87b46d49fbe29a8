// migrate() in memory: share, sticky, rollback, WebSockets, lifespan and figures.

import { describe, expect, it } from 'vitest'
import { factsOf } from '../../src/bridge/app-facts.ts'
import { mount } from '../../src/bridge/mount.ts'
import { migrate } from '../../src/migrate/migrate.ts'
import { serve } from '../../src/server/serve.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { saying, seeded } from './apps.ts'
import type { SyncApp } from '../../src/contract/environ.ts'
import type { EventApp } from '../../src/contract/events.ts'

const legacy: SyncApp = function* (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield `old ${environ.SCRIPT_NAME} ${environ.PATH_INFO}`
}

describe('the share', () => {
  it.each([0, 0.1, 0.5, 1])(
    'of %d sends that part of 10,000 clients to the new app',
    async (share) => {
      const app = migrate({
        from: saying('old'),
        to: saying('new'),
        share,
        sticky: { header: 'X-User' },
      })
      await using client = await testClient(app)
      const next = seeded(18)
      for (let at = 0; at < 10_000; at += 1) {
        await client.get('/', { headers: { 'x-user': String(next()) } })
      }
      const { from, to } = app.report()
      expect(from.requests + to.requests).toBe(10_000)
      expect(Math.abs(to.requests / 10_000 - share)).toBeLessThan(0.01)
    },
  )

  it('changes with the next request; a rollback and a new growth bring the same clients', async () => {
    const app = migrate({ from: saying('old'), to: saying('new'), sticky: { header: 'x-user' } })
    await using client = await testClient(app)
    const answers = async (): Promise<string[]> => {
      const texts: string[] = []
      for (let user = 0; user < 50; user += 1) {
        texts.push((await client.get('/', { headers: { 'x-user': `${user}` } })).text())
      }
      return texts
    }
    app.set({ share: 0.5 })
    const half = await answers()
    app.rollback()
    expect(new Set(await answers())).toEqual(new Set(['old']))
    app.set({ share: 0.5 })
    expect(await answers()).toEqual(half)
    app.set({ share: 1 })
    expect(new Set(await answers())).toEqual(new Set(['new']))
  })

  it('stays as it is after an impossible change', () => {
    const app = migrate({ from: saying('old'), to: saying('new'), share: 0.3 })
    expect(() => app.set({ share: 2 })).toThrow('set(): option "share" cannot be 2')
    expect(() => app.set({ share: 1, shadow: { rate: -1 } })).toThrow('shadow.rate')
    expect(app.report().share).toBe(0.3)
  })
})

describe('the cookie', () => {
  it('keeps a browser at its app, and comes once', async () => {
    const app = migrate({ from: saying('old'), to: saying('new'), share: 0.5 })
    for (let browser = 0; browser < 20; browser += 1) {
      await using client = await testClient(app, { cookies: true })
      const first = await client.get('/')
      expect(first.headers.getAll('set-cookie')).toHaveLength(1)
      for (let visit = 0; visit < 5; visit += 1) {
        const later = await client.get('/')
        expect([later.text(), later.headers.getAll('set-cookie')]).toEqual([first.text(), []])
      }
    }
  })

  it('comes with the fields of the app, and with the handshake of a WebSocket', async () => {
    const app = saying('app', [['x-app', '1']])
    await using client = await testClient(migrate({ from: app, to: app, share: 0.5 }))
    const { headers } = await client.get('/')
    expect(headers.get('x-app')).toBe('1')
    const socket = await client.websocket('/')
    const names = socket.headers.list.map(([name]) => name)
    expect(names).toContain('x-app')
    expect(names).toContain('set-cookie')
    await socket.close()
  })
})

describe('a WebSocket', () => {
  it('goes to the app that its client has', async () => {
    const app = migrate({ from: saying('old'), to: saying('new'), share: 1 })
    await using client = await testClient(app)
    await using socket = await client.websocket('/')
    await socket.send('hi')
    expect(await socket.receive()).toBe('new: hi')
    expect(app.report().to.requests).toBe(1)
  })
})

describe('both apps', () => {
  it('see the mount as any mounted app does', async () => {
    const app = mount({
      '/orders': migrate({ from: legacy, to: saying('new') }),
      '/': saying('root'),
    })
    await using client = await testClient(app)
    expect((await client.get('/orders/7')).text()).toBe('old /orders /7')
  })

  it('have a lifespan of their own, with a state of their own', async () => {
    const steps: string[] = []
    const living = (name: string): EventApp => {
      return async (scope, receive, send) => {
        if (scope.type !== 'lifespan') {
          return saying(String(scope.state['name']))(scope, receive, send)
        }
        await receive()
        steps.push(`${name} starts`)
        scope.state['name'] = name
        await send({ type: 'lifespan.startup.complete' })
        await receive()
        steps.push(`${name} ends`)
        await send({ type: 'lifespan.shutdown.complete' })
      }
    }
    const app = migrate({ from: living('old'), to: living('new') })
    {
      await using client = await testClient(app)
      expect((await client.get('/')).text()).toBe('old')
      app.set({ share: 1 })
      expect((await client.get('/')).text()).toBe('new')
    }
    expect(steps).toEqual(['old starts', 'new starts', 'new ends', 'old ends'])
  })
})

describe('a function of sticky', () => {
  it('chooses the client; its error, or a value that is no text, leads to the old app and one line', async () => {
    const lines: string[] = []
    const line = (_: object, message: string): void => void lines.push(message)
    const log = { debug: line, info: line, warn: line, error: line }
    const sticky = (): string => {
      throw new Error('no session')
    }
    const app = migrate({ from: saying('old'), to: saying('new'), share: 0.999, sticky })
    await using client = await testClient(app, { log })
    for (let at = 0; at < 3; at += 1) expect((await client.get('/')).text()).toBe('old')
    expect(lines.filter((text) => text.includes('sticky'))).toEqual([
      'the function of sticky failed; the request goes to the old app',
    ])
  })
})

describe('the report', () => {
  it('counts requests and errors, and has the latency of the last minute', async () => {
    const failing: EventApp = async (_scope, _receive, _send) => {
      throw new Error('new')
    }
    const app = migrate({ from: legacy, to: failing, sticky: false })
    await using client = await testClient(app, { raiseAppErrors: false })
    await client.get('/')
    app.set({ share: 1 })
    await client.get('/')
    const { from, to, share, shadow } = app.report()
    expect([share, shadow]).toEqual([1, null])
    expect(from).toMatchObject({ hosting: 'loop', style: 'sync', requests: 1, errors: 0 })
    expect(to).toMatchObject({ hosting: 'loop', style: 'events', requests: 1, errors: 1 })
    expect(from.latencyMs.max).toBeGreaterThan(0)
  })

  it('names the apps inside of a migration', () => {
    const [from, to] = [saying('old'), saying('new')]
    const { kind, inner } = factsOf(migrate({ from, to }))
    expect([kind, [...inner]]).toEqual([
      'migration',
      [
        ['from', from],
        ['to', to],
      ],
    ])
  })
})

describe('over a socket', () => {
  it('a client with its cookie stays at its app', async () => {
    const app = migrate({ from: saying('old'), to: saying('new'), share: 0.5 })
    await using server = await serve(app, { port: 0, lifespan: 'auto' })
    const first = await fetch(server.url)
    const [cookie = ''] = (first.headers.get('set-cookie') ?? '').split(';')
    const text = await first.text()
    for (let visit = 0; visit < 5; visit += 1) {
      const later = await fetch(server.url, { headers: { cookie } })
      expect([await later.text(), later.headers.get('set-cookie')]).toEqual([text, null])
    }
  })
})
