import { describe, expect, it } from 'vitest'
import { mount, serve } from 'isthmus'
import type { HostedApp } from 'isthmus'

const apps = (await import(
  new URL('../fixtures/cli/frameworks.js', import.meta.url).href
)) as Record<string, HostedApp>

const CASES: Array<[name: string, message: string]> = [
  [
    'expressApp',
    'this is an Express app: pass fromNode(app), with the adapter of isthmus/adapters',
  ],
  ['connectApp', 'this is a Connect app: pass fromNode(app), with the adapter of isthmus/adapters'],
  [
    'koaApp',
    'this is a Koa app: pass fromNode(app.callback()), with the adapter of isthmus/adapters',
  ],
  [
    'fastifyApp',
    'this is a Fastify app: pass fromNode((req, res) => app.routing(req, res)) after await app.ready(), with the adapter of isthmus/adapters',
  ],
  [
    'honoApp',
    'this is an app of the Fetch API: pass fromFetch(app), with the adapter of isthmus/adapters',
  ],
  [
    'worker',
    'this is an app of the Fetch API: pass fromFetch(app), with the adapter of isthmus/adapters',
  ],
  [
    'server',
    'this is a server of node:http: pass fromNode(handler), with the function that handles its requests, with the adapter of isthmus/adapters',
  ],
]

describe('the app of another framework', () => {
  it.each(CASES)(
    'is refused by serve() with its name and the remedy: %s',
    async (name, message) => {
      await expect(serve(apps[name] as HostedApp, { port: 0, log: null })).rejects.toThrow(
        expect.objectContaining({ code: 'ISTHMUS_APP_FAULT', message }),
      )
    },
  )

  it.each(CASES)('is refused in a mount table: %s', (name, message) => {
    expect(() => mount({ '/a': apps[name] as never })).toThrow(message)
  })
})
