// close() of mapBody(), used as an outside author uses it: it is called once for each body, at any end.

import { describe, expect, it, vi } from 'vitest'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { chain } from '../../src/chain/chain.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { mapBody, respond } from '../../src/chain/response.ts'
import { deferred } from '../../src/waiting/deferred.ts'
import { failureOf, Host, turn } from '../bridge/host.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { answerOf, appOf, clientOf, STYLES } from './styles.ts'
import type { App } from '../../src/bridge/style.ts'
import type { BodyMap } from '../../src/chain/body-map.ts'

const BUG = new Error('a bug')

/** A middleware with a resource for each body; `notes` shows the calls of the map. */
const holding = (notes: string[], map: Partial<BodyMap> = {}) =>
  middleware('holding', function* (request, next) {
    const response = yield* next(request)
    return mapBody(response, {
      chunk: (chunk) => {
        notes.push(`chunk ${String(chunk)}`)
        return chunk
      },
      end: () => {
        notes.push('end')
        return ''
      },
      close: () => notes.push('close'),
      ...map,
    })
  })

const answering = (body: string | Iterable<string>) =>
  middleware('answering', function* (request, next) {
    return request.path === '/' ? respond(200, [], body) : yield* next(request)
  })

const replacing = middleware('replacing', function* (request, next) {
  yield* next(request)
  return respond(403, [], 'no')
})

const failing = middleware('failing', function* (request, next) {
  yield* next(request)
  throw BUG
})

describe.each(STYLES)('close() around a %s app', (style) => {
  it('is called once, after end(), for a complete body', async () => {
    const notes: string[] = []
    expect(await answerOf(holding(notes)(appOf(style, { chunks: ['a', 'b'] })))).toBe('200 ab')
    expect(notes).toEqual(['chunk a', 'chunk b', 'end', 'close'])
  })

  it('is called for an empty body, and for HEAD', async () => {
    const notes: string[] = []
    expect(await answerOf(holding(notes)(appOf(style, { chunks: [] })))).toBe('200 ')
    expect(notes.splice(0)).toEqual(['end', 'close'])
    await using client = await clientOf(holding(notes)(appOf(style)))
    expect((await client.head('/')).status).toBe(200)
    await turn()
    expect(notes.filter((note) => note === 'close')).toHaveLength(1)
  })

  it('is called for each map, from the innermost on, even if one of them throws', async () => {
    const notes: string[] = []
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue()
    const close = (name: string) => () => {
      notes.push(name)
      if (name === 'inner') throw BUG
    }
    const wrap = chain(
      holding([], { close: close('outer') }),
      holding([], { close: close('inner') }),
    )
    expect(await answerOf(wrap(appOf(style)))).toBe('200 hello')
    expect(notes).toEqual(['inner', 'outer'])
    expect(warned.mock.calls[0]?.[0]).toMatch('close() of mapBody() failed')
    warned.mockRestore()
  })

  it('is called without end() if the app fails after a chunk', async () => {
    const notes: string[] = []
    const app = appOf(style, { chunks: ['a', 'b'], throwsAt: 1, error: BUG })
    // The chunks of an array come together: an app that throws has no response.
    if (style === 'sync array') {
      expect(await answerOf(holding(notes)(app))).toMatch(/^500/)
      return expect(notes).toEqual([])
    }
    expect(await answerOf(holding(notes)(app))).toBe('cut')
    expect(notes).toEqual(['chunk a', 'close'])
  })

  it.each(['chunk', 'end'] as const)('is called if %s() fails', async (name) => {
    const notes: string[] = []
    const map = {
      [name]: () => {
        throw BUG
      },
    }
    const app = holding(notes, map)(appOf(style, { chunks: ['a'] }))
    expect(await answerOf(app)).toMatch(/^(500|cut)/)
    expect(notes.filter((note) => note === 'close')).toHaveLength(1)
    expect(notes.at(-1)).toBe('close')
  })

  it('is called if another response is sent instead, or none', async () => {
    const notes: string[] = []
    expect(await answerOf(chain(replacing, holding(notes))(appOf(style)))).toBe('403 no')
    expect(await answerOf(chain(failing, holding(notes))(appOf(style)))).toMatch(/^500/)
    expect(notes).toEqual(['close', 'close'])
  })

  it('is called for the response of a middleware, of one chunk or of many', async () => {
    const notes: string[] = []
    for (const body of ['ab', new Set(['a', 'b'])]) {
      expect(await answerOf(chain(holding(notes), answering(body))(appOf(style)))).toBe('200 ab')
      expect(notes.splice(0).slice(-2)).toEqual(['end', 'close'])
    }
  })

  it('is called if the client leaves in the middle', async () => {
    const notes: string[] = []
    const app = holding(notes)(endless[style.startsWith('sync') ? 'sync' : style] as App)
    await using client = await clientOf(app)
    const response = await client.stream('GET', '/')
    await response.read()
    response.cancel()
    await vi.waitFor(() => expect(notes.at(-1)).toBe('close'), 30_000)
    await turn()
    expect(notes.filter((note) => note === 'close')).toHaveLength(1)
    expect(notes).not.toContain('end')
  })
})

const endless: Record<string, App> = {
  sync: sync(function* (_environ, startResponse) {
    startResponse('200 OK', [])
    for (;;) yield 'more '
  }),
  iterable: iterable(async function* (_environ, startResponse) {
    startResponse('200 OK', [])
    for (;;) {
      await turn()
      yield 'more '
    }
  }),
  events: events(async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200 })
    for (;;) {
      await turn()
      await send({ type: 'http.response.body', body: 'more ', moreBody: true })
    }
  }),
}

describe('close() around an app that awaits', () => {
  it('does not wait for the app when the client leaves, nor for a pending chunk()', async () => {
    const notes: string[] = []
    const gate = deferred<string>()
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
    })
    const host = new Host()
    const run = host.run(holding(notes, { chunk: () => gate.promise })(app))
    await turn()
    host.leave()
    expect(notes).toEqual(['close'])
    gate.resolve('late')
    await failureOf(run)
    expect(notes).toEqual(['close'])
  })

  it('is called if the app returns before its last chunk', async () => {
    const notes: string[] = []
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
    })
    await new Host().run(holding(notes)(app))
    await turn()
    expect(notes).toEqual(['chunk a', 'close'])
  })

  it('is called for a denied WebSocket', async () => {
    const notes: string[] = []
    const app = events(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.http.response.start', status: 403 })
      await send({ type: 'websocket.http.response.body', body: 'no' })
    })
    await using client = await clientOf(holding(notes)(app))
    expect(await failureOf(client.websocket('/'))).toMatchObject({ response: { status: 403 } })
    expect(notes).toEqual(['chunk no', 'end', 'close'])
  })
})

describe('close() around a sync app', () => {
  it('is called if the app fails after write()', () => {
    const notes: string[] = []
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])('a')
      throw BUG
    })
    const run = () => holding(notes)(app)(makeEnviron(), () => () => undefined)
    expect(run).toThrow(BUG)
    expect(notes).toEqual(['chunk a', 'close'])
  })

  it('is called if the server closes the body before the first chunk is taken', () => {
    const notes: string[] = []
    const app = appOf('sync generator', { chunks: ['a', 'b'] }) as ReturnType<typeof sync>
    const body = holding(notes)(app)(makeEnviron(), () => () => undefined)
    body[Symbol.iterator]().next()
    body.close?.()
    body.close?.()
    expect(notes).toEqual(['chunk a', 'close'])
  })

  it('is called, as is the body of respond(), if the server refuses the head', () => {
    const notes: string[] = []
    const body = Object.assign(new Set(['a']), { close: () => notes.push('body closed') })
    const app = chain(holding(notes), answering(body))(appOf('sync array') as never) as never
    const refuse = () => {
      throw BUG
    }
    expect(() => (app as ReturnType<typeof sync>)(makeEnviron({ PATH_INFO: '/' }), refuse)).toThrow(
      BUG,
    )
    expect(notes).toEqual(['close', 'body closed'])
  })
})
