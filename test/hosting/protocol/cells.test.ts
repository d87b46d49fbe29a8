import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromCells, toCells } from '../../../src/hosting/protocol/cells.ts'
import { scopeData, scopeOf } from '../../../src/hosting/protocol/scope-data.ts'
import { httpScope } from '../../bridge/host.ts'
import type { FromHost, ToHost } from '../../../src/hosting/protocol/messages.ts'

const id = fc.nat()
const text = fc.string({ unit: 'binary' })
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined })
const headers = fc.array(fc.tuple(text, text), { maxLength: 5 })
const address = fc.option(fc.tuple(text, fc.nat()))
const data = fc.option(fc.dictionary(text, text, { noNullPrototype: true }))

const request = fc.record({
  type: fc.constant('request' as const),
  id,
  scope: fc.record({
    httpVersion: fc.constantFrom('1.0' as const, '1.1' as const),
    method: text,
    scheme: fc.constantFrom('http' as const, 'https' as const),
    path: text,
    rawPath: text,
    queryString: text,
    rootPath: text,
    headers,
    client: address,
    server: address,
    added: data,
  }),
  environ: data,
  hasBody: fc.boolean(),
  bodyWindow: fc.nat(),
  responseWindow: fc.nat(),
  nestedIn: fc.option(id),
  context: fc.record({
    request: fc.record({
      requestId: maybe(text),
      traceparent: maybe(text),
      deadline: maybe(fc.nat()),
    }),
    carried: fc.dictionary(text, text, { noNullPrototype: true }),
  }),
  extensions: fc.option(
    fc.dictionary(text, fc.dictionary(text, text, { noNullPrototype: true }), {
      noNullPrototype: true,
    }),
  ),
})

const part = fc.record({
  type: fc.constant('part' as const),
  id,
  head: fc.option(fc.record({ status: fc.nat(999), headers })),
  chunk: fc.option(fc.oneof(text, fc.uint8Array())),
  end: fc.boolean(),
})

const message: fc.Arbitrary<ToHost | FromHost> = fc.oneof(
  request,
  part,
  fc.record({ type: fc.constant('done' as const), id, tookMs: fc.nat() }),
  fc.record({ type: fc.constant('credit' as const), id, bytes: fc.nat() }),
  fc.record({ type: fc.constant('want' as const), id, bytes: fc.nat() }),
)

describe('messages in cells', () => {
  it('come out of a structured clone as they went in, in their order', () => {
    const property = fc.property(fc.array(message), (messages) => {
      expect(fromCells(structuredClone(toCells(messages)))).toEqual(messages)
    })
    fc.assert(property, { seed: 3, numRuns: 300 })
  })

  it('[3c.2] bring a scope over, with the added values that are data', () => {
    const scope = { ...httpScope(), 'theatre.seat': { row: 7 }, 'theatre.desk': () => undefined }
    const crossed = scopeOf(scopeData(scope), {
      state: {},
      extensions: {},
      context: undefined,
      channels: undefined,
    })
    const { 'theatre.desk': _desk, ...rest } = scope
    expect(crossed).toEqual({ ...rest, state: {}, extensions: {} })
  })
})
