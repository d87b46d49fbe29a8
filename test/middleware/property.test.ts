// Whatever stands in a chain, around whatever app: the bytes and the order of calls are those of a nesting by hand.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { styleOf } from '../../src/bridge/style.ts'
import { toEvents } from '../../src/bridge/to-events.ts'
import { chained, DEEDS, naiveEvents, naiveSync } from './naive.ts'
import { appOf, clientOf, STYLES } from './styles.ts'
import type { App } from '../../src/bridge/style.ts'
import type { SyncApp } from '../../src/contract/environ.ts'
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

/** What a client and a witness see of one request. */
async function seen(app: App, method: string, notes: string[]): Promise<unknown> {
  notes.length = 0
  await using client = await clientOf(app)
  const answer = await client.request(method, '/').then(
    ({ status, headers, body }) => ({
      status,
      // How a body is framed depends on how it comes.
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

// Behind its start, and before its body, an event app that fails is cut, chain or not: that is told elsewhere.
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
          const onCall = () => notes.push('app')
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
