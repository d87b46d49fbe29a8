// securityHeaders(): the fields, the values of the options, and policies that depend on the request.

import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { websocket } from '../../src/async/websocket-app.ts'
import { sync } from '../../src/bridge/style.ts'
import { chain } from '../../src/chain/chain.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { errorPage } from '../../src/middleware/error-page.ts'
import { securityHeaders } from '../../src/middleware/security-headers.ts'
import { HandshakeDeniedError } from '../../src/testing/faults.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { App } from '../../src/bridge/style.ts'
import type { ChainLink } from '../../src/chain/wrap.ts'
import type { HeaderPairs } from '../../src/contract/events.ts'
import type { SecurityHeadersOptions } from '../../src/middleware/security-headers.ts'

const PAGE: HeaderPairs = [['content-type', 'text/html']]

function page(headers: HeaderPairs = PAGE): App {
  return sync((environ, startResponse) => {
    startResponse('200 OK', headers)
    return [(environ['isthmus.state']?.['nonce'] as string | undefined) ?? '']
  })
}

async function ask(options: SecurityHeadersOptions, app = page(), wraps: ChainLink[] = []) {
  const [first, ...others] = [...wraps, securityHeaders(options)]
  await using client = await testClient(chain(first, ...others)(app), { lifespan: 'off' })
  return await client.get('/row')
}

/** The value of `name` in the answer. */
async function fieldOf(options: SecurityHeadersOptions, name: string, app = page()) {
  return (await ask(options, app)).headers.get(name)
}

const policyOf = (contentSecurityPolicy: SecurityHeadersOptions['contentSecurityPolicy']) =>
  fieldOf({ contentSecurityPolicy }, 'content-security-policy')

describe('the fields of securityHeaders()', () => {
  it('are those of helmet by default', async () => {
    const { headers } = await ask({})
    const own = headers.list.filter(
      ([name]) => !/^(?:content-(?:type|length)|date|server)$/.test(name),
    )
    expect(own).toEqual([
      [
        'content-security-policy',
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';" +
          "frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';" +
          "script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
      ],
      ['strict-transport-security', 'max-age=31536000; includeSubDomains'],
      ['cross-origin-opener-policy', 'same-origin'],
      ['cross-origin-resource-policy', 'same-origin'],
      ['origin-agent-cluster', '?1'],
      ['referrer-policy', 'no-referrer'],
      ['x-content-type-options', 'nosniff'],
      ['x-dns-prefetch-control', 'off'],
      ['x-download-options', 'noopen'],
      ['x-frame-options', 'SAMEORIGIN'],
      ['x-permitted-cross-domain-policies', 'none'],
      ['x-xss-protection', '0'],
    ])
  })

  it('stay those of the app, if it has set them', async () => {
    const own: HeaderPairs = [
      ['X-Frame-Options', 'DENY'],
      ['Content-Security-Policy', "default-src 'none'"],
    ]
    const { headers } = await ask({}, page(own))
    expect(headers.getAll('x-frame-options')).toEqual(['DENY'])
    expect(headers.getAll('content-security-policy')).toEqual(["default-src 'none'"])
  })

  it('are left out with false, and are the default with true', async () => {
    expect(await fieldOf({ xFrameOptions: false }, 'x-frame-options')).toBeUndefined()
    expect(await fieldOf({ xFrameOptions: true }, 'x-frame-options')).toBe('SAMEORIGIN')
    expect(await policyOf(false)).toBeUndefined()
    expect(await policyOf(true)).toBe(await policyOf(undefined))
    const coep = 'cross-origin-embedder-policy'
    expect(await fieldOf({}, coep)).toBeUndefined()
    expect(await fieldOf({ crossOriginEmbedderPolicy: true }, coep)).toBe('require-corp')
  })

  it('have X-Powered-By only if an option keeps it', async () => {
    const app = page([['X-Powered-By', 'Express']])
    expect(await fieldOf({}, 'x-powered-by', app)).toBeUndefined()
    expect(await fieldOf({ xPoweredBy: false }, 'x-powered-by', app)).toBe('Express')
  })

  it('are on the page of errorPage() inside, and on a handshake that is denied', async () => {
    const failing = sync(() => {
      throw new Error('no seats')
    })
    const app = chain(securityHeaders(), errorPage({ development: false }))(failing)
    await using client = await testClient(app, { lifespan: 'off' })
    expect((await client.get('/')).headers.get('x-frame-options')).toBe('SAMEORIGIN')

    const closing = securityHeaders()(websocket((session) => session.close()))
    await using sockets = await testClient(closing)
    const denial = await sockets.websocket('/').catch((error: unknown) => error)
    expect(denial).toBeInstanceOf(HandshakeDeniedError)
    const { headers } = (denial as HandshakeDeniedError).response
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('a policy', () => {
  it('changes, adds and removes default directives, in both spellings', async () => {
    const directives = {
      scriptSrc: ["'self'", 'cdn.example'],
      'connect-src': 'api.example',
      'upgrade-insecure-requests': null,
      styleSrc: null,
      sandbox: [],
    }
    const policy = await policyOf({ directives })
    expect(policy?.split(';').slice(-4)).toEqual([
      "script-src 'self' cdn.example",
      "script-src-attr 'none'",
      'connect-src api.example',
      'sandbox',
    ])
  })

  it('is text as it is, or only its own directives', async () => {
    expect(await policyOf("default-src 'none'")).toBe("default-src 'none'")
    const directives = { defaultSrc: "'none'", imgSrc: ["'self'", 'data:'] }
    expect(await policyOf({ useDefaults: false, directives })).toBe(
      "default-src 'none';img-src 'self' data:",
    )
    const without = { useDefaults: false, directives: { defaultSrc: null, imgSrc: "'self'" } }
    expect(await policyOf(without)).toBe("img-src 'self'")
  })

  it('is only reported with reportOnly, beside a policy of the app', async () => {
    const app = page([['content-security-policy', "default-src 'self'"]])
    const { headers } = await ask({ contentSecurityPolicy: { reportOnly: true } }, app)
    expect(headers.get('content-security-policy')).toBe("default-src 'self'")
    expect(headers.get('content-security-policy-report-only')).toMatch(/^default-src 'self';base-/)
  })

  it('has the nonce of the request, which the page has too', async () => {
    const nonces = middleware('nonces', function* (request, next) {
      const nonce = randomBytes(16).toString('base64')
      return yield* next(request.with({ state: { nonce } }))
    })
    const contentSecurityPolicy: SecurityHeadersOptions['contentSecurityPolicy'] = {
      directives: { scriptSrc: ["'self'", ({ state }) => `'nonce-${String(state['nonce'])}'`] },
    }
    const policies = new Set<string | undefined>()
    for (let count = 0; count < 2; count += 1) {
      const response = await ask({ contentSecurityPolicy }, page(), [nonces])
      const policy = response.headers.get('content-security-policy')
      expect(policy).toContain(`;script-src 'self' 'nonce-${response.text()}';`)
      policies.add(policy)
    }
    expect(policies.size).toBe(2)
  })

  it.each([
    ["'self'; script-src *", 'it has no semicolon, no comma, and only ASCII'],
    ['a.example, b.example', 'it has no semicolon, no comma, and only ASCII'],
    ['a.example\r\nx: y', 'it has no semicolon, no comma, and only ASCII'],
    ['nonce-abc', "it is written in quotation marks: 'nonce-abc'"],
    [undefined, 'it is text, not undefined'],
  ])('fails a request for which a function returns %j', async (source, fault) => {
    const directives = { imgSrc: [() => source as string] }
    await expect(policyOf({ directives })).rejects.toThrow(
      `securityHeaders(): a function returned an impossible source of img-src: ${fault}`,
    )
  })
})

describe('Strict-Transport-Security', () => {
  const ruleOf = (strictTransportSecurity: SecurityHeadersOptions['strictTransportSecurity']) =>
    fieldOf({ strictTransportSecurity }, 'strict-transport-security')

  it('is made of its parts, with whole seconds', async () => {
    expect(await ruleOf({ maxAgeMs: 1_999 })).toBe('max-age=1; includeSubDomains')
    expect(await ruleOf({ preload: true })).toBe('max-age=31536000; includeSubDomains; preload')
    expect(await ruleOf({ maxAgeMs: 0, includeSubDomains: false })).toBe('max-age=0')
    expect(await ruleOf('max-age=5')).toBe('max-age=5')
  })
})

describe('securityHeaders()', () => {
  const CSP = 'option "contentSecurityPolicy.directives'
  const policy = (directives: object, others: object = {}): object => ({
    contentSecurityPolicy: { directives, ...others },
  })

  it.each<[options: object, message: string]>([
    [
      { xFrameOptions: 'ALLOW' },
      'option "xFrameOptions" cannot be \'ALLOW\': it is false or one of SAMEORIGIN, DENY',
    ],
    [
      { referrerPolicy: 'no-referrer, none' },
      'option "referrerPolicy" cannot be \'no-referrer, none\': it is false or one of no-referrer, ',
    ],
    [
      { originAgentCluster: 1 },
      'option "originAgentCluster" cannot be 1: it is false or one of ?1, ?0',
    ],
    [{ xPoweredBy: 'Coffee' }, 'option "xPoweredBy" cannot be \'Coffee\': it is true or false'],
    [
      { contentSecurityPolicy: '' },
      'option "contentSecurityPolicy" cannot be \'\': it is false, or a value in ASCII',
    ],
    [
      { contentSecurityPolicy: ['x'] },
      'option "contentSecurityPolicy" cannot be [ \'x\' ]: it is an object of options',
    ],
    [
      policy({ imgSrc: 'self' }),
      `${CSP}.imgSrc" cannot be 'self': it is written in quotation marks: 'self'`,
    ],
    [
      policy({ imgSrc: ['a;b'] }),
      `${CSP}.imgSrc" cannot be 'a;b': it has no semicolon, no comma, and only ASCII`,
    ],
    [policy({ imgSrc: true }), `${CSP}.imgSrc" cannot be true: it is text, a list, or null`],
    [
      policy({ imgSrc: 'a', 'img-src': 'b' }),
      `${CSP}.img-src" cannot be 'b': the directive img-src is given once`,
    ],
    [policy({ 'img src': 'a' }), `${CSP}" cannot be 'img src': the name of a directive is a word`],
    [
      policy({ imgSrc: 'a' }, { useDefaults: false }),
      `${CSP}" cannot be { imgSrc: 'a' }: it has a default-src`,
    ],
    [
      policy({ defaultSrc: null }, { useDefaults: false }),
      `${CSP}" cannot be { defaultSrc: null }: it has a directive`,
    ],
    [
      policy({}, { reportonly: true }),
      'unknown option "contentSecurityPolicy.reportonly"; did you mean "contentSecurityPolicy.reportOnly"?',
    ],
    [
      { strictTransportSecurity: { maxAge: 1 } },
      'unknown option "strictTransportSecurity.maxAge"; did you mean "strictTransportSecurity.maxAgeMs"?',
    ],
    [
      { strictTransportSecurity: { maxAgeMs: -1 } },
      'option "strictTransportSecurity.maxAgeMs" cannot be -1: it is a number of at least 0',
    ],
    [{ frameguard: false }, 'unknown option "frameguard"; the options are contentSecurityPolicy, '],
  ])('refuses %j when it is made', (options, message) => {
    const make = () => securityHeaders(options)
    expect(make).toThrow(expect.objectContaining({ code: 'ISTHMUS_INVALID_OPTION' }))
    expect(make).toThrow(`securityHeaders(): ${message}`)
  })
})
