// Two copies of the package in one process: the server runs one, and the app imports the other.

import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chain, events, iterable, serve, sync, threads, toEvents } from 'isthmus'
import { fromFetch } from 'isthmus/adapters'
import { mapBody, middleware, respond } from 'isthmus/middleware'
import { testClient } from 'isthmus/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  AppError,
  BadRequestError,
  ClientDisconnectedError,
  IsthmusError,
  PeerError,
} from '../../src/errors.ts'
import { LocalChannels } from '../../src/channels/local-channels.ts'
import { heldSlots, holding } from '../../src/hosting/gateway/held-slots.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { wrapFile } from '../../src/sync/file-wrapper.ts'
import { httpScope, underLint } from '../lint/events/stage.ts'
import { hosted } from './behaviour-host.ts'
import type { App, Environ, EventApp, StartResponse, SyncApp, tlsFiles } from 'isthmus'
import type { memory } from 'isthmus/channels'
import type { ChainResponse, Wrap } from 'isthmus/middleware'
import type { ServerExchangeContext } from '../../src/async/exchange-context.ts'
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

interface Copy {
  chain: typeof chain
  events: typeof events
  fromFetch: typeof fromFetch
  iterable: typeof iterable
  ServerExchangeContext: typeof ServerExchangeContext
  middleware: typeof middleware
  sync: typeof sync
  respond: typeof respond
  mapBody: typeof mapBody
  toEvents: typeof toEvents
  memory: typeof memory
  tlsFiles: typeof tlsFiles
  errors: Record<'AppError' | 'BadRequestError', new (message: string) => Error>
}

async function other<Module>(path: string): Promise<Module> {
  const url = pathToFileURL(join(folder, 'dist', path)).href
  return (await import(/* @vite-ignore */ url)) as Module
}

describe('two copies of the package on one event loop', () => {
  let copy = {} as Copy
  beforeAll(async () => {
    const files = [
      'index.js',
      'adapters.js',
      'channels.js',
      'middleware.js',
      'async/exchange-context.js',
    ]
    copy = Object.assign({}, ...(await Promise.all(files.map(other)))) as Copy
    copy.errors = await other('errors.js')
    if (copy.middleware === middleware) throw new Error('this is one copy')
  })

  const apps = (of: Pick<Copy, 'sync' | 'iterable' | 'events'>): Record<string, App> => ({
    sync: of.sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return ['app']
    }),
    iterable: of.iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield await Promise.resolve('app')
    }),
    events: of.events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'app' })
    }),
  })
  const links = (of: Pick<Copy, 'middleware' | 'respond' | 'mapBody'>): Wrap[] => [
    of.middleware('mapping', function* (request, next) {
      return of.mapBody(yield* next(request), { chunk: (chunk) => `<${String(chunk)}>` })
    }),
    of.middleware('answering', function* (request, next): Generator<never, ChainResponse> {
      if (request.path === '/answer') return of.respond(403, [], 'no')
      return yield* next(request) as Generator<never, ChainResponse>
    }),
  ]
  const asked = async (app: App, path: string): Promise<string> => {
    await using client = await testClient(app, { lifespan: 'off' })
    const response = await client.get(path)
    return `${response.status} ${response.text()}`
  }

  it.each(['sync', 'iterable', 'events'])(
    'build one chain around an app of the style %s',
    async (style) => {
      const here = { sync, iterable, events, middleware, respond, mapBody }
      const [own, foreign] = [apps(here)[style] as EventApp, apps(copy)[style] as EventApp]
      for (const app of [
        chain(...links(copy))(foreign),
        chain(...links(copy))(own),
        copy.chain(...links(here))(own),
        chain(...links(here))(copy.chain(...links(copy))(foreign)),
      ]) {
        expect(await asked(app, '/')).toMatch(/^200 <+app>+$/)
        expect(await asked(app, '/answer')).toMatch(/^403 <+no>+$/)
      }
    },
  )

  it('recognize the errors of each other', () => {
    const error = new copy.errors.BadRequestError('bad')
    expect(error).not.toHaveProperty('constructor', BadRequestError)
    expect([BadRequestError, PeerError, IsthmusError].every((kind) => error instanceof kind)).toBe(
      true,
    )
    expect(error instanceof AppError).toBe(false)
  })

  it('recognize the bridges of each other', () => {
    const app = apps(copy)['sync'] as SyncApp
    const bridged = copy.toEvents(app)
    expect(toEvents(bridged)).toBe(bridged)
  })

  it('leave a file to the copy that wraps it', () => {
    const file = wrapFile(openSync(fileURLToPath(import.meta.url), 'r'))
    const app = copy.chain(links(copy)[1] as Wrap)((
      _environ: Environ,
      startResponse: StartResponse,
    ) => {
      startResponse('200 OK', [])
      return file
    })
    const environ = { REQUEST_METHOD: 'GET', PATH_INFO: '/' } as Environ
    expect(app(environ, () => () => {})).toBe(file)
    file.close()
  })

  it('recognize the certificates and the channels of each other', async () => {
    const pair = { cert: 'test/fixtures/tls/shop.pem', key: 'test/fixtures/tls/shop.key' }
    const channels = copy.memory()
    const [app] = Object.values(apps(copy))
    const tls = copy.tlsFiles({ pairs: [pair] })
    const options = { tls, channels, port: 0, log: null, lifespan: 'off' } as const
    await using server = await serve(app as App, options)
    const { port } = server.address as { port: number }
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(30_000) })
    expect(socket.getPeerCertificate().subject.CN).toBe('shop')
    socket.destroy()
    expect(channels instanceof LocalChannels).toBe(true)
    await channels.close()
  })

  it('share the signal that lint looks at', async () => {
    const connection = new copy.ServerExchangeContext(SILENT_LOG)
    const scope = { ...httpScope(), 'isthmus.exchange': connection }
    const app: EventApp = async () => {
      connection.abort(new ClientDisconnectedError())
      await Promise.resolve(connection.signal.aborted)
    }
    expect(await underLint(app, scope)).toEqual([])
  })

  it('serve the responses of each other', async () => {
    const page = (): Response => new Response('page', { status: 201, headers: { 'x-a': '1' } })
    // Each of the two calls replaces the globals.
    const before = [fromFetch(page), copy.fromFetch(page)]
    for (const app of [...before, fromFetch(page), copy.fromFetch(() => Promise.resolve(page()))]) {
      expect(await asked(app, '/')).toBe('201 page')
    }
  })
})
