import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BadRequestError } from '../../src/errors.ts'
import { octetFault, parseTarget } from '../../src/http/target.ts'
import type { Target } from '../../src/http/target.ts'

const PRINTABLE = Array.from({ length: 0x5f }, (_, index) => String.fromCharCode(0x20 + index))

/** Checks the octets, then takes the target apart. */
function readTarget(method: string, target: string): Target {
  const fault = octetFault(target)
  if (fault !== null) throw fault
  return parseTarget(method, target)
}

describe('a target: the origin form', () => {
  it('[3b.9] splits path and query at the first question mark', () => {
    expect(readTarget('GET', '/a/b?c=%20&d?e')).toEqual({
      path: '/a/b',
      rawPath: '/a/b',
      queryString: 'c=%20&d?e',
      authority: null,
    })
    expect(readTarget('GET', '/a')).toMatchObject({ rawPath: '/a', queryString: '' })
    expect(readTarget('GET', '/a?')).toMatchObject({ rawPath: '/a', queryString: '' })
  })

  it('[3a.10] decodes the path as UTF-8 and keeps the raw one', () => {
    const target = readTarget('GET', '/%E2%82%AC?%E2%82%AC')
    expect(target).toMatchObject({ path: '/€', rawPath: '/%E2%82%AC', queryString: '%E2%82%AC' })
  })

  it('[3a.12] decodes an encoded slash: only the raw path tells it from a real one', () => {
    const target = readTarget('GET', '/a%2Fb')
    expect(target).toMatchObject({ path: '/a/b', rawPath: '/a%2Fb' })
  })

  it('leaves dots and doubled slashes to the app', () => {
    for (const path of ['//', '//a/../b', '/./a', '/a//b/']) {
      expect(readTarget('GET', path)).toMatchObject({ path, rawPath: path, authority: null })
    }
  })
})

describe('a target: the other forms', () => {
  it('[3a.13] takes the asterisk of OPTIONS, and of nothing else', () => {
    const asterisk = { path: '*', rawPath: '*', queryString: '', authority: null }
    expect(readTarget('OPTIONS', '*')).toEqual(asterisk)
    expect(() => readTarget('GET', '*')).toThrow(BadRequestError)
    expect(() => readTarget('OPTIONS', '*?a')).toThrow(BadRequestError)
  })

  it('takes the absolute form apart', () => {
    expect(readTarget('GET', 'http://example.org:81/a%20b?c')).toEqual({
      path: '/a b',
      rawPath: '/a%20b',
      queryString: 'c',
      authority: 'example.org:81',
    })
    const root = { path: '/', rawPath: '/', authority: 'example.org' }
    expect(readTarget('GET', 'HTTPS://example.org')).toMatchObject(root)
    expect(readTarget('GET', 'http://example.org?a=1')).toMatchObject({
      ...root,
      queryString: 'a=1',
    })
    expect(readTarget('GET', 'http://[::1]/a')).toMatchObject({ path: '/a', authority: '[::1]' })
  })

  it('refuses an authority with user information, which could pass for the host', () => {
    for (const target of [
      'http://user@example.org/',
      'http://user:pw@example.org/a',
      'http://@a/',
    ]) {
      expect(() => readTarget('GET', target)).toThrow(BadRequestError)
    }
  })

  it('refuses a target in none of the forms', () => {
    const targets = [
      '',
      'a',
      '?a',
      'example.org:443',
      'http:/a',
      'http://',
      'http:///a',
      'ftp://a/',
    ]
    for (const target of targets) expect(() => readTarget('GET', target)).toThrow(BadRequestError)
  })

  it('refuses white space, controls, a fragment and bytes above ASCII', () => {
    for (const character of [' ', '\t', '\r', '\n', '\0', '\x7f', '#', '\x80', 'é']) {
      expect(() => readTarget('GET', `/a${character}b`)).toThrow(
        new BadRequestError('the request target has a forbidden character'),
      )
    }
  })

  it('never throws anything but BadRequestError', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('GET', 'OPTIONS'),
        fc.string({ unit: 'binary' }),
        (method, text) => {
          for (const target of [text, `/${text}`, `http://${text}`]) {
            try {
              expect(readTarget(method, target).path).toMatch(/^[/*]/)
            } catch (error) {
              expect(error).toMatchObject({ status: 400 })
            }
          }
        },
      ),
      { numRuns: 500, seed: 10 },
    )
  })
})

// The characters that need no escape in a path; `?` and `#` end it.
const PATH_CHARACTERS = [...PRINTABLE].filter((character) => !' ?#'.includes(character))

const decodePath = (rawPath: string): string => readTarget('GET', rawPath).path

describe('the path of a target', () => {
  it('[3b.11] makes malformed UTF-8 replacement characters', () => {
    expect(decodePath('/%ff')).toBe('/\ufffd')
    expect(decodePath('/%E2%82')).toBe('/\ufffd')
    expect(decodePath('/%c0%af')).toBe('/\ufffd\ufffd')
    expect(decodePath('/%ED%A0%80')).toBe('/\ufffd\ufffd\ufffd')
    expect(decodePath('/%ff%E2%82%AC')).toBe('/\ufffd€')
  })

  it('[3a.11] leaves malformed escapes as they are, and decodes the others', () => {
    expect(decodePath('/%zz')).toBe('/%zz')
    expect(decodePath('/%')).toBe('/%')
    expect(decodePath('/%4')).toBe('/%4')
    expect(decodePath('/%zz%E2%82%AC%20')).toBe('/%zz€ ')
    expect(decodePath('/%%41')).toBe('/%A')
  })

  it('[3a.11] refuses %00', () => {
    for (const path of ['/%00', '/a%00b', '/%zz%00']) {
      expect(() => decodePath(path)).toThrow(new BadRequestError('the request path has a %00'))
    }
  })

  it('decodes once', () => {
    expect(decodePath('/%2541')).toBe('/%41')
    expect(decodePath('/%2500')).toBe('/%00')
  })

  it('[3a.11] never throws for printable ASCII without %00, and decodes complete escapes like a URL', () => {
    const part = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...PATH_CHARACTERS) },
      { weight: 1, arbitrary: fc.constant('%') },
      { weight: 2, arbitrary: fc.nat(255).map((byte) => `%${byte.toString(16).padStart(2, '0')}`) },
    )
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const path = `/${parts.join('')}`
        if (path.includes('%00')) {
          expect(() => decodePath(path)).toThrow(BadRequestError)
          return
        }
        const bytes = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        )
        expect(decodePath(path)).toBe(Buffer.from(bytes, 'latin1').toString())
      }),
      { numRuns: 1_000, seed: 11 },
    )
  })
})
