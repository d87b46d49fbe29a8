import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scopeToEnviron } from '../../src/bridge/scope-to-environ.ts'
import { environToScope } from '../../src/bridge/environ-to-scope.ts'
import { EMPTY_INPUT } from '../../src/sync/input.ts'
import { httpScope } from './host.ts'
import type { HeaderPairs, HttpScope } from '../../src/contract/events.ts'

// The characters of `text`, one code point each.
function charactersOf(text: string): fc.Arbitrary<string> {
  return fc.constantFrom(...Array.from(text))
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1
}

const token = fc
  .string({ unit: charactersOf('abcxyz019-!#$%&*+.^`|~'), minLength: 1, maxLength: 8 })
  .filter((name) => name !== 'transfer-encoding')
const value = fc.string({ unit: charactersOf('ab ,;="\t\xe9\xff'), maxLength: 8 })
const known = fc.constantFrom('accept', 'cookie', 'host', 'x-a', 'content-type', 'content-length')
const headers: fc.Arbitrary<HeaderPairs> = fc.array(
  fc.tuple(
    fc.oneof(token, known),
    value.filter((text) => text !== ''),
  ),
  { maxLength: 12 },
)
const segment = fc.string({ unit: charactersOf('ab€é%?#.\u{1f600} '), minLength: 1 })
const segments = fc.array(segment, { maxLength: 3 })
const path = (parts: string[]): string => parts.map((part) => `/${part}`).join('')

const scope: fc.Arbitrary<HttpScope> = fc
  .record({
    root: segments,
    rest: segments,
    queryString: fc.string({ unit: charactersOf('a=&%20?') }),
    headers,
    method: fc.constantFrom('GET', 'POST', 'PURGE'),
    scheme: fc.constantFrom('http', 'https'),
    httpVersion: fc.constantFrom('1.0', '1.1'),
    client: fc.option(fc.tuple(fc.ipV6(), fc.nat(65_535))),
    server: fc.option(
      fc.oneof(fc.tuple(fc.ipV4(), fc.nat(65_535)), fc.constant<[string, null]>(['/sock', null])),
    ),
  })
  .map(({ root, rest, ...parts }) => {
    const whole = path(root) + (rest.length === 0 ? '/' : path(rest))
    const rawPath = encodeURI(whole).replaceAll('?', '%3F').replaceAll('#', '%23')
    return httpScope({ ...parts, rootPath: path(root), path: whole, rawPath })
  })

/** The scope without the values that docs/semantics.md lets it lose on its way through an environ. */
function afterLosses(scope: HttpScope): Partial<HttpScope> {
  const environ = scopeToEnviron(scope, EMPTY_INPUT)
  const joined = new Map<string, string[]>()
  for (const [name, value] of scope.headers) {
    joined.set(name, [...(joined.get(name) ?? []), value])
  }
  const headers = [...joined].map(([name, values]): [string, string] => {
    return [name, values.join(name === 'cookie' ? '; ' : ',')]
  })
  const server: HttpScope['server'] = [environ.SERVER_NAME, Number(environ.SERVER_PORT)]
  const { type, method, scheme, httpVersion, path, rawPath, queryString, rootPath, client } = scope
  const kept = { type, method, scheme, httpVersion, path, rawPath, queryString, rootPath, client }
  return { ...kept, headers: headers.toSorted(byName), server }
}

describe('scope and environ', () => {
  it('[3c.2] makes the same environ again from the scope of an environ', () => {
    fc.assert(
      fc.property(scope, (scope) => {
        const environ = scopeToEnviron(scope, EMPTY_INPUT)
        const again = scopeToEnviron(environToScope(environ), EMPTY_INPUT)
        expect({ ...again, 'isthmus.scope': scope }).toEqual({ ...environ })
      }),
      { numRuns: 500, seed: 3 },
    )
  })

  it('[3c.2] makes the same scope again from its environ, except for the documented losses', () => {
    fc.assert(
      fc.property(scope, (scope) => {
        const again = environToScope(scopeToEnviron(scope, EMPTY_INPUT))
        const { headers, ...rest } = again
        expect({ ...rest, headers: headers.toSorted(byName) }).toMatchObject(afterLosses(scope))
      }),
      { numRuns: 500, seed: 3 },
    )
  })
})
