// Any app, with any reads and any pieces of its answer, behaves in the same way inline, in a thread, and in any nesting of
// threads and the event loop: for itself and for its client.

import { sync, threadedMiddleware, toEvents } from 'isthmus'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planned } from '../fixtures/threads/behaviour-plan.ts'
import { wireOf } from '../conformance/socket-host.ts'
import { ask, fixture, hosted, pooled } from './behaviour-host.ts'
import type { EventApp } from 'isthmus'
import type { Request } from '../conformance/host.ts'
import type { Plan } from '../fixtures/threads/behaviour-plan.ts'
import type { Served } from '../raw/served.ts'

const size = fc.oneof(
  fc.constantFrom(0, 1, 65_535, 65_536, 65_537, 131_073, 300_000),
  fc.nat(3_000),
)
const plan: fc.Arbitrary<Plan> = fc
  .record({
    reads: fc.array(fc.oneof(size, fc.constant(null)), { maxLength: 4 }),
    how: fc.constantFrom<Plan['how']>('yield', 'array', 'write'),
    status: fc.constantFrom(200, 200, 204, 304, 404, 500),
    chunks: fc.array(size, { maxLength: 5 }),
    lengthOff: fc.constantFrom(null, null, 0, 1, -1),
    failAt: fc.option(fc.nat(5), { freq: 4 }),
  })
  // On the event loop write() has sent nothing yet when the app fails afterwards; in a thread it has.
  .map((plan) => (plan.how === 'write' ? { ...plan, lengthOff: null, failAt: null } : plan))
const piece = size.map((length) => 'line\nline\r\n\n'.repeat(length / 11 + 1).slice(0, length))
const body = fc.oneof(
  fc.constant(undefined),
  piece,
  // An empty chunk would end the body.
  fc.array(
    piece.filter((text) => text !== ''),
    { maxLength: 5 },
  ),
)
const method = fc.constantFrom('POST', 'POST', 'PUT', 'HEAD')

const plain = (app: EventApp): EventApp =>
  threadedMiddleware(fixture('wraps'), { max: 1, export: 'plain' })(app)
const inline = toEvents(sync(planned))

const HOSTINGS: Record<string, EventApp> = {
  inline,
  'in a thread': pooled('plan', 'planned'),
  'inline, called by a thread': pooled('plan', 'calling'),
  'inline, wrapped by a thread': plain(inline),
  'in a thread, wrapped by a thread': plain(pooled('plan', 'planned')),
  'inline, called by a thread that is wrapped by another': plain(pooled('plan', 'calling')),
}

const servers = new Map<string, Served>()
beforeAll(async () => {
  for (const [name, app] of Object.entries(HOSTINGS)) servers.set(name, await hosted(app))
})
afterAll(async () => {
  for (const server of servers.values()) await server[Symbol.asyncDispose]()
})

const serverOf = (name: string): Served => servers.get(name) as Served

function requestOf(plan: Plan, method: string, body: Request['body']): Request {
  const target = `/?${encodeURIComponent(JSON.stringify(plan))}`
  return { method, target, headers: [['connection', 'close']], ...(body !== undefined && { body }) }
}

/** The response as it was on the wire, and how the connection ended. */
async function wire(name: string, request: Request): Promise<string> {
  using client = await serverOf(name).connect()
  client.send(wireOf(request))
  const text = await client.rest()
  return text.replace(/date: [^\r]+/, 'date: DATE')
}

/** Without the sizes of chunks: write() on the event loop gathers its chunks. */
function gathered(text: string): string {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  return `${head}\n${rest.join('\r\n\r\n').replace(/(?:^|\r\n)[\da-f]+\r\n/g, '')}`
}

describe('[3c.13] [3c.34] an app is the same to its client', () => {
  it.each(Object.keys(HOSTINGS).slice(1))('%s', { timeout: 60_000 }, async (name) => {
    const property = fc.asyncProperty(plan, method, body, async (plan, method, body) => {
      const request = requestOf(plan, method, body)
      const [expected, seen] = await Promise.all([wire('inline', request), wire(name, request)])
      const form = plan.how === 'write' ? gathered : String
      // Not in one expect: a difference of a megabyte is no message.
      expect(form(seen).slice(0, 2_000)).toBe(form(expected).slice(0, 2_000))
      expect(form(seen) === form(expected)).toBe(true)
    })
    await fc.assert(property, { seed: 20261121, numRuns: 60 })
  })
})

describe('[3a.25] [3a.51] a client may leave at any moment', () => {
  const STREAMING: Plan = {
    reads: [null, 65_536],
    how: 'yield',
    status: 200,
    chunks: Array<number>(8).fill(100_000),
    lengthOff: null,
    failAt: null,
  }
  const TARGET = `/?${encodeURIComponent(JSON.stringify(STREAMING))}`
  const LENGTH = 200_000

  it.each(['in a thread', 'in a thread, wrapped by a thread'])(
    '%s: a response that has begun is closed once, and a cut body is never whole',
    { timeout: 60_000 },
    async (hosting) => {
      const pool = pooled('plan', 'journaling', { buffering: false })
      const app = hosting === 'in a thread' ? pool : plain(pool)
      await using server = await hosted(app)
      const property = fc.asyncProperty(fc.nat(LENGTH - 1), fc.nat(40), async (sent, turns) => {
        using client = await server.connect()
        client.send(`POST ${TARGET} HTTP/1.1\r\nhost: x\r\ncontent-length: ${LENGTH}\r\n\r\n`)
        client.send(Buffer.alloc(sent, 'x'))
        for (let turn = 0; turn < turns; turn += 1) await client.sendApart('')
        client.reset()
        expect(await journalOf(server)).toMatch(/^(?:cut)?$/)
      })
      await fc.assert(property, { seed: 20261121, numRuns: 40 })
    },
  )

  it(
    'in a thread: an app that answers is stopped and closed once',
    { timeout: 60_000 },
    async () => {
      await using server = await hosted(pooled('plan', 'journaling'))
      const property = fc.asyncProperty(fc.integer({ min: 1, max: 700_000 }), async (taken) => {
        using client = await server.connect()
        client.send(`POST ${TARGET} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nlines`)
        await client.bytes(taken)
        client.reset()
        expect(await journalOf(server)).toMatch(/^(?:whole )?finally close$/)
      })
      await fc.assert(property, { seed: 20261121, numRuns: 40 })
    },
  )

  /** The entries of the journal since the last call. The thread answers after it has finished the requests before. */
  async function journalOf(server: Served): Promise<string> {
    const steps = JSON.parse(await ask(server, { target: '/journal' })) as string[]
    return steps.join(' ')
  }
})
