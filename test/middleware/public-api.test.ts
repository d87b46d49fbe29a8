// The middleware that ship are made of public parts, and of a few helpers that an app can write itself.

import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { publicNames } from '../architecture/rules.ts'
import { parseSource } from '../architecture/source-file.ts'

const SRC = new URL('../../src/', import.meta.url)
const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => parseSource(path, readFileSync(new URL(path, SRC), 'utf8')))
const PUBLIC = new Set(
  ['index.ts', 'middleware.ts'].flatMap((entry) => publicNames(sources, entry)),
)

/** The private helpers. They check options or read header fields, and reach neither the chain nor the server. */
const HELPERS = new Map([
  ['bounded-writer.ts', ['BoundedWriter']],
  ['complete-options.ts', ['Complete', 'checkNumber', 'completeOptions', 'invalidOption']],
  ['http/client-address.ts', ['clientAddress']],
  ['http/content.ts', ['isEventStream']],
  ['http/error-verdict.ts', ['ErrorVerdict', 'failureLine', 'judgeError']],
  ['http/headers.ts', ['isFieldValue', 'isToken']],
  ['http/host.ts', ['HostParts', 'parseHost']],
  ['http/list.ts', ['listMembers']],
  ['http/stop-reason.ts', ['isSignalReason']],
  ['http/trusted-peers.ts', ['Trust', 'trustOfAddresses', 'unmapped']],
  ['http/vary.ts', ['appendVary']],
  ['reload-page.ts', ['RELOAD_POLICY', 'RELOAD_SCRIPT', 'isReloaded']],
  ['waiting/settles-within.ts', ['MAX_TIMER_MS']],
])

const SHIPPING = parseSource('middleware.ts', readFileSync(new URL('middleware.ts', SRC), 'utf8'))
const BUNDLED = [
  'access-log',
  'basic-auth',
  'body-limit',
  'compress',
  'conditional-get',
  'cors',
  'error-page',
  'forwarded',
  'https-redirect',
  'request-id',
  'security-headers',
  'timeout',
  'trusted-host',
]
/** Files that belong to one middleware each. */
const PARTS = [
  'access-line',
  'content-security-policy',
  'encoder',
  'error-report',
  'forwarded-field',
]

const pathOf = (name: string): string => `middleware/${name}.ts`
const importsOf = (name: string) =>
  sources.find(({ path }) => path === pathOf(name))?.imports.filter(isNotPart) ?? []
const isNotPart = ({ target }: { target: string }): boolean => !PARTS.map(pathOf).includes(target)

/** The imported names that are neither public nor helpers. */
const privateImportsOf = (name: string): string[] =>
  importsOf(name).flatMap(({ names, target }) => {
    const helpers = HELPERS.get(target) ?? []
    return names.filter((own) => !PUBLIC.has(own) && !helpers.includes(own))
  })

describe('a bundled middleware', () => {
  it('is each of those that are exported as an option-taking factory', () => {
    const factories = SHIPPING.exports.filter(({ name }) => /^[A-Z]\w+Options$/.test(name))
    const files = new Set(factories.map(({ from }) => from))
    expect(files).toEqual(new Set(BUNDLED.map(pathOf)))
  })

  it.each(BUNDLED)('%s imports only public names and helpers', (name) => {
    expect(importsOf(name).flatMap(({ names }) => names)).toContain('middleware')
    expect(privateImportsOf(name)).toEqual([])
  })

  it.each(PARTS)('has a part %s, which imports only public names and helpers too', (name) => {
    expect(sources.map(({ path }) => path)).toContain(pathOf(name))
    expect(privateImportsOf(name)).toEqual([])
  })
})

describe('a helper', () => {
  it.each([...HELPERS])(
    'of %s is in use, and imports nothing of chain and server',
    (path, names) => {
      const used = new Set(
        [...BUNDLED, ...PARTS].flatMap((name) =>
          importsOf(name).flatMap((one) => (one.target === path ? one.names : [])),
        ),
      )
      expect([...used].toSorted()).toEqual(names)
      const source = sources.find((one) => one.path === path)
      const targets = source?.imports.map(({ target }) => target) ?? []
      expect(
        targets.filter(
          (target) =>
            !/^(?:errors\.ts$|name-of\.ts$|standard-stream\.ts$|contract\/|http\/|waiting\/)/.test(
              target,
            ),
        ),
      ).toEqual([])
    },
  )
})
