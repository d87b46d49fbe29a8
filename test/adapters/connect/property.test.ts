// A response with middleware around its app is the response without them, and the fields that they add.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fromConnect } from 'isthmus/adapters'
import { testClient } from 'isthmus/testing'
import { httpApp } from '../../raw/served.ts'
import type { EventApp, HeaderPairs } from 'isthmus'
import type { ConnectMiddleware } from 'isthmus/adapters'

interface Page {
  status: number
  headers: HeaderPairs
  chunks: string[]
  endsEmpty: boolean
}

/** A middleware that only adds one field, and leaves one of the three ways open. */
interface Addition {
  name: string
  value: string
  way: 'past' | 'head' | 'through' | 'listener'
}

// Fields of these names add up.
const ADDED = ['set-cookie', 'vary', 'link']

const field = fc.tuple(
  fc.constantFrom('set-cookie', 'vary', 'link', 'x-a', 'x-b', 'etag', 'content-type'),
  fc.stringMatching(/^[a-z0-9=;<>-]{1,12}$/),
)
const pages: fc.Arbitrary<Page> = fc.record({
  status: fc.constantFrom(200, 201, 204, 206, 304, 404, 500),
  headers: fc.array(field, { maxLength: 6 }) as fc.Arbitrary<HeaderPairs>,
  chunks: fc.array(fc.string({ maxLength: 20 }), { maxLength: 4 }),
  endsEmpty: fc.boolean(),
})
const additions: fc.Arbitrary<Addition[]> = fc.array(
  fc.record({
    name: fc.constantFrom('set-cookie', 'vary', 'link', 'x-a', 'x-m', 'etag'),
    value: fc.stringMatching(/^[a-z0-9]{1,8}$/),
    way: fc.constantFrom('past', 'head', 'through', 'listener'),
  }),
  { minLength: 1, maxLength: 4 },
)

it('the answer is that of the app, and the fields of the middleware', async () => {
  const property = fc.asyncProperty(
    pages,
    additions,
    fc.constantFrom('GET', 'HEAD', 'POST'),
    async (page, added, method) => {
      const inner = appOf(page)
      const plain = await answerOf(inner, method)
      const layered = await answerOf(fromConnect(...added.map(middlewareOf))(inner), method)
      expect(layered.status).toBe(plain.status)
      expect(layered.body).toBe(plain.body)
      expect(sorted(layered.fields)).toEqual(sorted(withAdditions(plain.fields, page, added)))
    },
  )
  await fc.assert(property, { numRuns: 200, seed: 20_261_129 })
}, 60_000)

function appOf({ status, headers, chunks, endsEmpty }: Page): EventApp {
  return httpApp(async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status, headers })
    for (const [at, body] of chunks.entries()) {
      const moreBody = endsEmpty || at < chunks.length - 1
      await send({ type: 'http.response.body', body, moreBody })
    }
    if (endsEmpty || chunks.length === 0) await send({ type: 'http.response.body' })
  })
}

function middlewareOf({ name, value, way }: Addition): ConnectMiddleware {
  return (_req, res, next) => {
    if (ADDED.includes(name)) res.appendHeader(name, value)
    else res.setHeader(name, value)
    const end = res.end.bind(res)
    const writeHead = res.writeHead.bind(res)
    if (way === 'listener') res.on('finish', () => undefined)
    if (way === 'head') {
      res.writeHead = function seen(this: typeof res, ...args: unknown[]) {
        return Reflect.apply(writeHead, this, args) as typeof res
      }
    }
    if (way === 'through') {
      res.end = function seen(this: typeof res, ...args: unknown[]) {
        return Reflect.apply(end, this, args) as typeof res
      } as typeof res.end
    }
    next()
  }
}

// The last middleware wins over the ones before it, and the app wins over all, except for lists.
function withAdditions(plain: HeaderPairs, page: Page, added: readonly Addition[]): HeaderPairs {
  const fields: HeaderPairs = [...plain]
  for (const [at, { name, value }] of added.entries()) {
    const isReplaced =
      page.headers.some(([own]) => own === name) ||
      added.slice(at + 1).some((later) => later.name === name)
    if (ADDED.includes(name) || !isReplaced) fields.push([name, value])
  }
  return fields
}

interface Answer {
  status: number
  fields: HeaderPairs
  body: string
}

async function answerOf(app: EventApp, method: string): Promise<Answer> {
  await using client = await testClient(app, { lifespan: 'off' })
  const response = await client.request(method, '/')
  const fields = [...response.headers]
    .map(([name, value]): [string, string] => [name, value])
    // Chunks that are written in one turn leave together, so the framing may differ.
    .filter(
      ([name]) => !['date', 'content-length', 'transfer-encoding', 'connection'].includes(name),
    )
  return { status: response.status, fields, body: response.text() }
}

function sorted(fields: HeaderPairs): string[] {
  return fields.map(([name, value]) => `${name}: ${value}`).toSorted()
}
