// For random chains around random apps: the bytes and the order of calls are the same as in a nesting by hand.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { events, styleOf } from '../../src/bridge/style.ts'
import { toEvents } from '../../src/bridge/to-events.ts'
import { chain } from '../../src/chain/chain.ts'
import { until } from '../../src/chain/effects.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { Host, turn } from '../bridge/host.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { chained, DEEDS, generated, naiveEvents, naiveSync, where } from './naive.ts'
import { appOf, clientOf, STYLES } from './styles.ts'
import type { App } from '../../src/bridge/style.ts'
import type { SyncApp } from '../../src/contract/environ.ts'
import type { Wrap } from '../../src/chain/wrap.ts'
import type { MiddlewareDeed, Spec } from './naive.ts'
import type { Deed, StyleName } from './styles.ts'

const chunk = fc.constantFrom('', 'a', 'bc', Buffer.from('d'))
const deed = fc.record({
  status: fc.constantFrom(200, 200, 404),
  chunks: fc.array(chunk, { maxLength: 4 }),
  throwsAt: fc.option(fc.integer({ min: -1, max: 4 }), { freq: 3, nil: undefined }),
})

function specsOf(style: StyleName): fc.Arbitrary<Spec[]> {
  const deeds: MiddlewareDeed[] = style.startsWith('sync') ? [...DEEDS] : [...DEEDS, 'wait']
  const spec = fc.record({
    deed: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('pass', 'header', 'map') },
      fc.constantFrom(...deeds),
    ),
    own: fc.boolean(),
  }) as fc.Arbitrary<Omit<Spec, 'name'>>
  return fc
    .array(spec, { maxLength: 6 })
    .map((specs) => specs.map((spec, at) => ({ ...spec, name: `m${at}` })))
}

/** The response that the client gets, and the notes of the middleware. */
async function seen(app: App, method: string, notes: string[]): Promise<unknown> {
  notes.length = 0
  await using client = await clientOf(app)
  const answer = await client.request(method, '/').then(
    ({ status, headers, body }) => ({
      status,
      // The framing of a body depends on its chunks.
      headers: [...headers].filter(([name]) => !/^(content-length|transfer-encoding)$/.test(name)),
      body: Buffer.from(body).toString(),
    }),
    () => 'cut',
  )
  return { answer, notes: [...notes] }
}

/** The nesting by hand. */
function nested(specs: readonly Spec[], notes: string[], app: App): App {
  const styled = styleOf(app)
  if (styled.style === 'sync') {
    return specs.reduceRight<SyncApp>((inner, spec) => naiveSync(spec, notes)(inner), styled.app)
  }
  return specs.reduceRight((inner, spec) => naiveEvents(spec, notes)(inner), toEvents(app))
}

// errors.test.ts has the app that fails between its start and its body, which is cut with a chain and without one.
function withoutGap(style: StyleName, deed: Deed): Deed {
  if (style !== 'events') return deed
  return deed.throwsAt === 0 || deed.chunks?.length === 0 ? { ...deed, throwsAt: undefined } : deed
}

describe('[3c.13] a chain, as a nesting by hand,', () => {
  it.each(STYLES)(
    'gives the same bytes and the same order of calls around a %s app',
    async (style) => {
      const method = fc.constantFrom('GET', 'GET', 'HEAD')
      await fc.assert(
        fc.asyncProperty(specsOf(style), deed, method, async (specs, some, method) => {
          const notes: string[] = []
          const onCall = () => notes.push(`app ${where()}`)
          const error = new Error('a bug of the app')
          const app = appOf(style, { ...withoutGap(style, some), error, onCall })
          const naive = style.startsWith('sync') ? naiveSync : naiveEvents
          const actual = await seen(chained(specs, notes, naive)(app), method, notes)
          const expected = await seen(nested(specs, notes, app), method, notes)
          expect(actual).toEqual(expected)
        }),
        { seed: 33, numRuns: 400 },
      )
    },
    30_000,
  )
})

describe('a middleware that was begun', () => {
  /** Notes when each one begins, and when its `finally` runs. */
  const guarded = (spec: Spec, notes: string[]): Wrap => {
    const guard = middleware(`guard of ${spec.name}`, function* (request, next) {
      notes.push(spec.name)
      try {
        return yield* next(request)
      } finally {
        notes.push(spec.name)
      }
    })
    return chain(guard, generated(spec, []))
  }

  /** Whether each middleware that began has ended, the inner ones first. */
  const areNested = (notes: readonly string[]): boolean => {
    const begun: string[] = []
    for (const name of notes) {
      if (begun.at(-1) === name) begun.pop()
      else begun.push(name)
    }
    return begun.length === 0
  }

  it('ends, even if `until` interrupts it at any moment', async () => {
    const cases = [specsOf('events'), fc.integer({ min: 0, max: 6 })] as const
    await fc.assert(
      fc.asyncProperty(...cases, async (specs, turns) => {
        const notes: string[] = []
        const controller = new AbortController()
        const outermost = middleware('outermost', function* (request, next) {
          return yield* until(controller.signal, next(request))
        })
        const app = events(async (_scope, _receive, send) => {
          await turn()
          await send({ type: 'http.response.start', status: 200 })
          await turn()
          await send({ type: 'http.response.body', body: 'there' })
        })
        const wrap = chain(outermost, ...specs.map((spec) => guarded(spec, notes)))
        const host = new Host()
        const run = host.run(wrap(app)).catch(() => undefined)
        for (let count = 0; count < turns; count += 1) await turn()
        controller.abort(new Error('enough'))
        await run
        expect(areNested(notes)).toBe(true)
      }),
      { seed: 33, numRuns: 400 },
    )
  }, 60_000)

  it('ends, even if the server does not iterate the body of a sync app', () => {
    fc.assert(
      fc.property(specsOf('sync generator'), fc.nat({ max: 2 }), (specs, pulls) => {
        const notes: string[] = []
        const app = appOf('sync generator', { chunks: ['', 'there', 'and here'] }) as SyncApp
        const wrap = chain(...specs.map((spec) => guarded(spec, notes)))
        try {
          const body = wrap(app)(makeEnviron(), () => () => undefined)
          const iterator = body[Symbol.iterator]()
          for (let count = 0; count < pulls; count += 1) iterator.next()
          iterator.return?.()
          body.close?.()
        } catch {
          // The host gets the error that a middleware threw.
        }
        expect(areNested(notes)).toBe(true)
      }),
      { seed: 33, numRuns: 400 },
    )
  })
})
