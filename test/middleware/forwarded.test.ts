// Which peers forwarded() trusts, and which facts it takes from them.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { events } from '../../src/bridge/style.ts'
import { forwarded } from '../../src/middleware/forwarded.ts'
import { Host, httpScope } from '../bridge/host.ts'
import { websocketScope } from '../server/fake-websocket-transport.ts'
import { askThrough, fieldOf } from '../chain/ask-through.ts'
import type { ForwardedOptions } from '../../src/middleware/forwarded.ts'
import type { Through } from '../chain/ask-through.ts'

interface Said extends ForwardedOptions {
  peer?: string | null
  headers: Record<string, string | string[]>
}

/** A request from `peer`, by default a proxy on this machine. */
function ask({ peer = '127.0.0.1', headers, ...options }: Said): Promise<Through> {
  const client: [string, number] | null = peer === null ? null : [peer, 4711]
  const all = { host: 'example.test', ...headers }
  return askThrough(forwarded(options), { headers: all, options: { client } })
}

/** The client that the app sees: `host port`, or `hidden`. */
async function clientOf(said: Said): Promise<string> {
  const { seen } = await ask(said)
  return seen?.client?.join(' ') ?? 'hidden'
}

const PRIVATE = ['loopback', 'private']

describe('X-Forwarded-For', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1 0'],
    ['6.6.6.6, 192.0.2.1', '192.0.2.1 0'],
    ['127.0.0.1, 192.0.2.1, 10.0.0.1', '192.0.2.1 0'],
    ['192.0.2.1,10.0.0.2 , 10.0.0.1', '192.0.2.1 0'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3 0'],
    ['192.0.2.1:4712', '192.0.2.1 4712'],
    ['2001:db8::1', '2001:db8::1 0'],
    ['[2001:db8::1]', '2001:db8::1 0'],
    ['[2001:db8::1]:4712', '2001:db8::1 4712'],
    ['::ffff:192.0.2.1', '192.0.2.1 0'],
    ['6.6.6.6, ::ffff:10.0.0.1', '6.6.6.6 0'],
    ['6.6.6.6, fd00::1', '6.6.6.6 0'],
    [',, 192.0.2.1,', '192.0.2.1 0'],
    ['unknown', 'hidden'],
    ['6.6.6.6, unknown', 'hidden'],
    ['6.6.6.6, unknown, 10.0.0.1', 'hidden'],
    ['999.1.1.1', 'hidden'],
    ['1.2.3.4:x', 'hidden'],
    ['1.2.3.4:80:80', 'hidden'],
    ['0x7f.1', 'hidden'],
    ['fe80::1%eth0', 'hidden'],
    ['<script>', 'hidden'],
  ])('%j names %s', async (field, client) => {
    expect(await clientOf({ trust: PRIVATE, headers: { 'x-forwarded-for': field } })).toBe(client)
  })

  it('is one list if it comes in several fields', async () => {
    const fields = ['6.6.6.6', '192.0.2.1, 10.0.0.1']
    expect(await clientOf({ trust: PRIVATE, headers: { 'x-forwarded-for': fields } })).toBe(
      '192.0.2.1 0',
    )
  })

  it('ignores the text that the client itself wrote, of any form', async () => {
    const text = fc.string({ unit: 'grapheme-ascii' })
    await fc.assert(
      fc.asyncProperty(text, async (written) => {
        const field = `${written.trim()}, 192.0.2.1, 10.0.0.1`
        expect(await clientOf({ trust: PRIVATE, headers: { 'x-forwarded-for': field } })).toBe(
          '192.0.2.1 0',
        )
      }),
      { seed: 31, numRuns: 200 },
    )
  })

  it('is removed if the peer is not a proxy', async () => {
    const headers = {
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.test',
      'x-forwarded-prefix': '/x',
      forwarded: 'for=127.0.0.1',
    }
    const { seen } = await ask({ peer: '192.0.2.9', headers })
    expect(seen?.client).toEqual(['192.0.2.9', 4711])
    expect(seen?.scheme).toBe('http')
    expect(seen?.headers).toEqual([['host', 'example.test']])
  })

  it('does not change a request without the field', async () => {
    let seen: unknown
    const app = events(async (scope) => void (seen = scope))
    const scope = httpScope({ client: ['127.0.0.1', 1], headers: [['host', 'a']] })
    const host = new Host()
    await host.run(forwarded()(app), scope).catch(() => undefined)
    expect(seen).toBe(scope)
  })
})

describe('a peer', () => {
  const headers = { 'x-forwarded-for': '192.0.2.1' }

  it.each([
    ['127.0.0.1', ['loopback'], true],
    ['127.9.9.9', ['loopback'], true],
    ['::1', ['loopback'], true],
    ['::ffff:127.0.0.1', ['loopback'], true],
    ['::2', ['loopback'], false],
    ['10.255.255.255', ['private'], true],
    ['172.31.0.1', ['private'], true],
    ['172.32.0.1', ['private'], false],
    ['fe80::1%eth0', ['link-local'], true],
    ['fe80::1', ['private'], false],
    ['203.0.113.8', ['203.0.113.8'], true],
    ['203.0.113.9', ['203.0.113.8/31'], true],
    ['203.0.113.10', ['203.0.113.8/31'], false],
    ['2001:db8:1::1', ['2001:db8::/32'], true],
    ['2001:db9::1', ['2001:db8::/32'], false],
    ['203.0.113.8', ['0.0.0.0/0'], true],
    ['203.0.113.8', ['::/0'], false],
    ['203.0.113.8', ['::ffff:203.0.113.0/120'], true],
    ['::ffff:203.0.113.8', ['::ffff:203.0.113.8'], true],
    ['203.0.113.8', [], false],
    [null, ['unix'], true],
    [null, ['loopback'], false],
    ['/run/web.sock', ['unix'], false],
  ])('%s, with %j trusted: %s', async (peer, trust, isTrusted) => {
    const own = peer === null ? 'hidden' : `${peer} 4711`
    expect(await clientOf({ peer, trust, headers })).toBe(isTrusted ? '192.0.2.1 0' : own)
  })

  it('is judged the same the second time, and after many other peers', async () => {
    const wrap = forwarded({ trust: ['10.0.0.0/8'] })
    const clients: unknown[] = []
    const app = wrap(
      events(async (scope) => void clients.push(scope.type === 'http' && scope.client)),
    )
    const from = (peer: string) => {
      const scope = httpScope({ client: [peer, 1], headers: [['x-forwarded-for', '192.0.2.1']] })
      return new Host().run(app, scope).catch(() => undefined)
    }
    await from('10.0.0.1')
    for (let at = 0; at < 600; at += 1) await from(`203.0.${at >> 8}.${at & 255}`)
    await from('10.0.0.1')
    expect([clients[0], clients[1], clients.at(-1)]).toEqual([
      ['192.0.2.1', 0],
      ['203.0.0.0', 1],
      ['192.0.2.1', 0],
    ])
  })

  it('on a unix socket vouches for its client, and a hidden client vouches for none', async () => {
    const said = { 'x-forwarded-for': '6.6.6.6, unknown' }
    expect(await clientOf({ peer: null, trust: ['unix'], headers: said })).toBe('hidden')
  })
})

describe('X-Forwarded-Proto', () => {
  const schemeOf = async (headers: Said['headers']): Promise<string | undefined> =>
    (await ask({ trust: PRIVATE, headers })).seen?.scheme

  it('is the scheme, if it is http or https', async () => {
    expect(await schemeOf({ 'x-forwarded-proto': 'https' })).toBe('https')
    expect(await schemeOf({ 'x-forwarded-proto': 'HTTPS' })).toBe('https')
    expect(await schemeOf({ 'x-forwarded-proto': 'wss' })).toBe('https')
    expect(await schemeOf({ 'x-forwarded-proto': 'javascript' })).toBe('http')
  })

  it('is taken from the position of the address, or else from the nearest proxy', async () => {
    const beside = {
      'x-forwarded-for': '6.6.6.6, 192.0.2.1, 10.0.0.1',
      'x-forwarded-proto': 'http, https, http',
    }
    expect(await schemeOf(beside)).toBe('https')
    expect(await schemeOf({ ...beside, 'x-forwarded-proto': 'https' })).toBe('https')
    expect(await schemeOf({ ...beside, 'x-forwarded-proto': 'https, http' })).toBe('http')
  })

  it('is the scheme of a WebSocket too', async () => {
    let scheme: unknown
    const app = events(async (scope) => void (scheme = scope.type === 'websocket' && scope.scheme))
    const headers: Array<[string, string]> = [['x-forwarded-proto', 'https']]
    const scope = { ...websocketScope(), client: ['127.0.0.1', 1] as [string, number], headers }
    await new Host().run(forwarded()(app), scope).catch(() => undefined)
    expect(scheme).toBe('wss')
  })
})

describe('host, port and prefix', () => {
  const headers = {
    'x-forwarded-host': 'shop.test',
    'x-forwarded-port': '8443',
    'x-forwarded-prefix': '/shop',
  }

  it('are removed unless they are taken', async () => {
    const through = await ask({ headers })
    expect(through.seen?.headers).toEqual([['host', 'example.test']])
    expect([through.seen?.path, through.seen?.rootPath]).toEqual(['/', ''])
  })

  it('are taken', async () => {
    const through = await ask({ take: ['host', 'port', 'prefix'], headers })
    expect(fieldOf(through, 'host')).toBe('shop.test:8443')
    expect([through.seen?.path, through.seen?.rootPath]).toEqual(['/shop/', '/shop'])
  })

  it('are ignored if they are malformed', async () => {
    const evil = {
      'x-forwarded-host': 'a/b',
      'x-forwarded-port': '0',
      'x-forwarded-prefix': '//evil.test',
    }
    const through = await ask({ take: ['host', 'port', 'prefix'], headers: evil })
    expect(fieldOf(through, 'host')).toBe('example.test')
    expect(through.seen?.rootPath).toBe('')
    for (const prefix of ['/..', '/a/../b', '/a/', 'a', '/', '/a b', '/a;b']) {
      const { seen } = await ask({ take: ['prefix'], headers: { 'x-forwarded-prefix': prefix } })
      expect([prefix, seen?.rootPath]).toEqual([prefix, ''])
    }
  })

  it('do not change the client if the address is not taken', async () => {
    const said = {
      take: ['proto'] as const,
      headers: { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' },
    }
    const { seen } = await ask(said)
    expect([seen?.client, seen?.scheme]).toEqual([['127.0.0.1', 4711], 'https'])
    expect(seen?.headers.map(([name]) => name)).not.toContain('x-forwarded-for')
  })
})

describe('Forwarded', () => {
  const read = (field: string | string[], options: ForwardedOptions = {}): Promise<Through> =>
    ask({ header: 'forwarded', trust: PRIVATE, ...options, headers: { forwarded: field } })

  it.each([
    ['for=192.0.2.1', '192.0.2.1 0'],
    ['For="192.0.2.1:4712"', '192.0.2.1 4712'],
    ['for="[2001:db8::1]"', '2001:db8::1 0'],
    ['for="[2001:db8::1]:4712";by=10.0.0.1', '2001:db8::1 4712'],
    ['for=6.6.6.6, for=192.0.2.1, for=10.0.0.1', '192.0.2.1 0'],
    ['for="6.6.6.6, for=7.7.7.7", for=192.0.2.1', '192.0.2.1 0'],
    [String.raw`for="a\"b", for=192.0.2.1`, '192.0.2.1 0'],
    ['for=unknown', 'hidden'],
    ['for=_hidden', 'hidden'],
    ['for="_hidden:_port"', 'hidden'],
    ['for=192.0.2.1, for=_hidden', 'hidden'],
    ['proto=https', 'hidden'],
    ['for=192.0.2.1, proto=https', 'hidden'],
    ['for=""', 'hidden'],
    ['for=192.0.2.1;', '192.0.2.1 0'],
    ['for=192.0.2.1 ; ', '192.0.2.1 0'],
    [';for=192.0.2.1', '192.0.2.1 0'],
    ['proto=http;;for=192.0.2.1;;', '192.0.2.1 0'],
    ['for=6.6.6.6,, for=192.0.2.1;, ,for=10.0.0.1,', '192.0.2.1 0'],
    [',for="192.0.2.1"\t,', '192.0.2.1 0'],
    ['for=192.0.2.1, ;', 'hidden'],
    ['__proto__=x;for=192.0.2.1', '192.0.2.1 0'],
    [',', '127.0.0.1 4711'],
  ])('%s names %s', async (field, client) => {
    const { seen } = await read(field)
    expect(seen?.client?.join(' ') ?? 'hidden').toBe(client)
  })

  it('has the scheme and the host of the client in the same element as its address', async () => {
    const field =
      'for=6.6.6.6;proto=http;host=evil.test, for=192.0.2.1;proto=https;host="shop.test:8443", for=10.0.0.1;proto=http'
    const through = await read(field, { take: ['for', 'proto', 'host'] })
    expect(through.seen?.scheme).toBe('https')
    expect(fieldOf(through, 'host')).toBe('shop.test:8443')
  })

  it('is one list if it comes in several fields, and X-Forwarded-For does not reach the app', async () => {
    const headers = { forwarded: ['for=6.6.6.6', 'for=192.0.2.1'], 'x-forwarded-for': '7.7.7.7' }
    const through = await ask({ header: 'forwarded', headers })
    expect(through.seen?.client).toEqual(['192.0.2.1', 0])
    expect(fieldOf(through, 'x-forwarded-for')).toBeUndefined()
  })

  it.each([
    'for',
    'for=',
    '=x',
    'for="x',
    'for=1.2.3.4:80',
    'for=[::1]',
    'for=a b',
    'for =192.0.2.1',
    'for= 192.0.2.1',
    'for=192.0.2.1;x',
    'for="x"y',
    'for="\\"',
    'for="x", for=y"',
  ])('that is malformed, as %s, is answered 400', async (field) => {
    const { response, seen } = await read(field)
    expect([response.status, seen]).toEqual([400, null])
  })

  it('is removed, even if it is malformed, if the peer is not a proxy', async () => {
    const said = {
      header: 'forwarded',
      peer: '192.0.2.9',
      headers: { forwarded: 'for="' },
    } as const
    expect(await clientOf(said)).toBe('192.0.2.9 4711')
  })

  it('names the same client, or is malformed, for each text that the client itself wrote before', async () => {
    const unit = fc.constantFrom(
      '"',
      '\\',
      ',',
      ';',
      '=',
      'for',
      'proto',
      ' ',
      '6.6.6.6',
      '[::1]',
      'x',
    )
    const proxy = fc.constantFrom('for=192.0.2.1', 'for="192.0.2.1"', 'for="192.0.2.1";proto=https')
    await fc.assert(
      fc.asyncProperty(fc.array(unit), proxy, async (written, added) => {
        const { response, seen } = await read([written.join('').trim(), added].filter(Boolean))
        if (response.status === 200) expect(seen?.client).toEqual(['192.0.2.1', 0])
        else expect(response.status).toBe(400)
      }),
      { seed: 32, numRuns: 300 },
    )
  })
})

describe('a number of hops', () => {
  it.each([
    [0, '6.6.6.6, 192.0.2.1', '203.0.113.9 4711'],
    [1, '6.6.6.6, 192.0.2.1', '192.0.2.1 0'],
    [2, '6.6.6.6, 192.0.2.1, 203.0.113.5', '192.0.2.1 0'],
    [3, '6.6.6.6, 192.0.2.1, 203.0.113.5, 10.0.0.1', '192.0.2.1 0'],
    [2, '192.0.2.1', '192.0.2.1 0'],
    [2, '192.0.2.1, unknown', '192.0.2.1 0'],
    [1, '192.0.2.1, unknown', 'hidden'],
    [1, ',, 192.0.2.1, ', '192.0.2.1 0'],
  ])('%i takes the client from %j at any address of the peer', async (hops, field, client) => {
    const headers = { 'x-forwarded-for': field }
    expect(await clientOf({ hops, peer: '203.0.113.9', headers })).toBe(client)
  })

  it('counts a peer on a unix socket', async () => {
    const headers = { 'x-forwarded-for': '6.6.6.6, 192.0.2.1' }
    expect(await clientOf({ hops: 1, peer: null, headers })).toBe('192.0.2.1 0')
  })

  it('counts the elements of Forwarded, also those of a proxy that hides', async () => {
    const headers = { forwarded: 'for=6.6.6.6, for=192.0.2.1;proto=https, for=_lb1' }
    const said: Said = { hops: 2, header: 'forwarded', peer: '203.0.113.9', headers }
    expect(await clientOf(said)).toBe('192.0.2.1 0')
    expect((await ask(said)).seen?.scheme).toBe('https')
  })

  it('takes the scheme that belongs to the client', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.1, 10.0.0.1', 'x-forwarded-proto': 'https, http' }
    expect((await ask({ hops: 2, headers })).seen?.scheme).toBe('https')
    expect((await ask({ hops: 1, headers })).seen?.scheme).toBe('http')
  })

  it('of 0 removes the fields, so that the app cannot trust them by mistake', async () => {
    const through = await ask({ hops: 0, headers: { 'x-forwarded-for': '6.6.6.6' } })
    expect(fieldOf(through, 'x-forwarded-for')).toBeUndefined()
  })
})

describe('forwarded()', () => {
  const REMEDY =
    'it is an address, a range such as 10.0.0.0/8, loopback, private, link-local or unix'
  it.each([
    [
      { trust: 'loopback' },
      "option \"trust\" cannot be 'loopback': it is a list of proxies, such as ['10.0.0.0/8']",
    ],
    [{ trust: ['*'] }, `option "trust" cannot be '*': ${REMEDY}`],
    [{ trust: ['10.0.0.0/33'] }, `option "trust" cannot be '10.0.0.0/33': ${REMEDY}`],
    [{ trust: ['10.0.0/8'] }, `option "trust" cannot be '10.0.0/8': ${REMEDY}`],
    [{ trust: ['constructor'] }, `option "trust" cannot be 'constructor': ${REMEDY}`],
    [{ trust: [1] }, `option "trust" cannot be 1: ${REMEDY}`],
    [{ header: 'both' }, 'option "header" cannot be \'both\': it is x-forwarded or forwarded'],
    [
      { take: ['by'] },
      'option "take" cannot be [ \'by\' ]: it is a list of some of for, proto, host, port, prefix',
    ],
    [
      { header: 'forwarded', take: ['prefix'] },
      'option "take" cannot be [ \'prefix\' ]: it is a list of some of for, proto, host',
    ],
    [{ hops: -1 }, 'option "hops" cannot be -1: it is a whole number of at least 0'],
    [{ hops: 1.5 }, 'option "hops" cannot be 1.5: it is a whole number of at least 0'],
    [{ hops: '2' }, 'option "hops" cannot be \'2\': it is a whole number of at least 0'],
    [
      { hops: 1, trust: ['private'] },
      'option "hops" cannot be 1: the option "trust" names the proxies already',
    ],
    [{ proxies: 1 }, 'unknown option "proxies"; the options are trust, hops, header, take'],
  ])('refuses %j when it is made', (options, message) => {
    expect(() => forwarded(options as never)).toThrow(
      expect.objectContaining({
        code: 'ISTHMUS_INVALID_OPTION',
        message: `forwarded(): ${message}`,
      }),
    )
  })
})
