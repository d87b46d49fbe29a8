// Any event app answers with the same bytes on the event loop and in a thread.

import { threads } from 'isthmus'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import planned from '../fixtures/threads/event-plan.ts'
import { wireOf } from '../conformance/socket-host.ts'
import { served } from '../raw/served.ts'
import { bundleOf } from '../thread-bundles.ts'
import type { EventPlan } from '../fixtures/threads/event-plan.ts'
import type { Request } from '../conformance/host.ts'
import type { Served } from '../raw/served.ts'

const size = fc.oneof(fc.constantFrom(0, 1, 65_536, 262_144, 300_000), fc.nat(3_000))
const field = fc.constantFrom<[string, string]>(
  ['set-cookie', 'a=1'],
  ['set-cookie', 'b=2'],
  ['x-name', 'caf\xe9'],
  ['content-type', 'text/event-stream'],
)
const plan: fc.Arbitrary<EventPlan> = fc.record({
  reads: fc.option(fc.nat(3)),
  status: fc.constantFrom(200, 200, 201, 204, 304, 404),
  fields: fc.array(field, { maxLength: 3 }),
  chunks: fc.array(size, { maxLength: 4 }),
  last: size,
  isWide: fc.boolean(),
  hasLength: fc.boolean(),
  hasTrailers: fc.boolean(),
  hints: fc.nat(2),
  failAt: fc.option(fc.nat(6), { freq: 4 }),
  isOpen: fc.constantFrom(false, false, false, true),
})
const body = fc.option(
  fc.oneof(
    size.map((length) => 'b'.repeat(length)),
    fc.array(
      size.map((length) => 'b'.repeat(length + 1)),
      { maxLength: 3 },
    ),
  ),
  { nil: undefined },
)
const method = fc.constantFrom('POST', 'PUT', 'HEAD')

let loop: Served
let thread: Served
beforeAll(async () => {
  const module = bundleOf(new URL('../fixtures/threads/event-plan.ts', import.meta.url))
  loop = await served(planned, { lifespan: 'off' })
  thread = await served(threads(module, { max: 1 }), { lifespan: 'auto' })
}, 60_000)
afterAll(async () => {
  await loop[Symbol.asyncDispose]()
  await thread[Symbol.asyncDispose]()
})

/** The response as it was on the wire. */
async function wire(server: Served, request: Request): Promise<string> {
  using client = await server.connect(20_000)
  client.send(wireOf(request))
  return (await client.rest()).replace(/date: [^\r]+/, 'date: DATE')
}

/** Joins the chunks of a chunked body: a thread may join small ones. */
function joined(text: string): string {
  const start = text.search(/HTTP\/1\.1 [2-5]/)
  const end = text.indexOf('\r\n\r\n', start) + 4
  const [head, rest] = [text.slice(0, end), text.slice(end)]
  if (!/transfer-encoding: chunked/.test(head)) return text
  let [at, content] = [0, '']
  for (;;) {
    const line = /^([0-9a-f]+)\r\n/.exec(rest.slice(at, at + 12))
    if (!line) return `${head}${content}|cut`
    const length = Number.parseInt(line[1] ?? '', 16)
    at += line[0].length
    if (length === 0) return `${head}${content}|${rest.slice(at)}`
    content += rest.slice(at, at + length)
    at += length + 2
  }
}

describe('an event app', () => {
  it('answers in a thread as on the event loop', { timeout: 120_000 }, async () => {
    const property = fc.asyncProperty(plan, method, body, async (deeds, verb, content) => {
      const target = `/?${encodeURIComponent(JSON.stringify(deeds))}`
      const headers: Array<[string, string]> = [
        ['connection', 'close, te'],
        ['te', 'trailers'],
      ]
      const request = {
        method: verb,
        target,
        headers,
        ...(content !== undefined && { body: content }),
      }
      const [here, there] = [await wire(loop, request), await wire(thread, request)]
      const isCut = deeds.failAt !== null || deeds.isOpen
      // The bytes that a cut response still gets out depend on the moment.
      if (isCut) expect(headOf(joined(there))).toBe(headOf(joined(here)))
      else expect(joined(there)).toBe(joined(here))
    })
    await fc.assert(property, { seed: 25, numRuns: 300 })
  })
})

function headOf(text: string): string {
  const start = text.search(/HTTP\/1\.1 [2-5]/)
  return start < 0 ? '' : text.slice(0, text.indexOf('\r\n\r\n', start))
}
