// Which requests httpsRedirect() redirects, to which target, and with which status.

import { describe, expect, it } from 'vitest'
import { events } from '../../src/bridge/style.ts'
import { httpsRedirect } from '../../src/middleware/https-redirect.ts'
import { Host, httpScope } from '../bridge/host.ts'
import { askThrough } from '../chain/ask-through.ts'
import type { Asked } from '../chain/ask-through.ts'
import type { HttpsRedirectOptions } from '../../src/middleware/https-redirect.ts'

/** The status and the location of the answer, with a space between them. */
async function answer(options: HttpsRedirectOptions, asked: Asked = {}): Promise<string> {
  const { response } = await askThrough(httpsRedirect(options), asked)
  return [response.status, response.headers.get('location')].join(' ').trim()
}

describe('httpsRedirect()', () => {
  it('redirects to the host of the request, on the default port of https', async () => {
    expect(await answer({}, { headers: { host: 'Example.com.:8000' }, target: '/a?b=c' })).toBe(
      '308 https://example.com/a?b=c',
    )
    expect(await answer({}, { headers: { host: '[::1]:8000' } })).toBe('308 https://[::1]/')
  })

  it('redirects to the host of the option', async () => {
    expect(await answer({ host: 'example.com:8443' }, { headers: { host: 'evil.test' } })).toBe(
      '308 https://example.com:8443/',
    )
  })

  it('never redirects to another host, even if the path looks like one', async () => {
    const host = 'example.com'
    expect(await answer({}, { headers: { host }, target: '//evil.test/x' })).toBe(
      '308 https://example.com//evil.test/x',
    )
    expect(await answer({}, { headers: { host }, target: 'http://evil.test/x' })).toBe(
      '308 https://evil.test/x',
    )
    expect(await answer({ host }, { target: 'http://evil.test/x' })).toBe(
      '308 https://example.com/x',
    )
  })

  it('answers 400 if the request has no usable Host', async () => {
    expect(await answer({}, { headers: { host: "a'b" } })).toBe('400')
    const host = new Host()
    await host.run(httpsRedirect()(events(() => expect.unreachable())), httpScope())
    expect(host.sent[0]).toMatchObject({ status: 400 })
  })

  it('redirects the target * to /', async () => {
    const host = new Host()
    const scope = httpScope({ rawPath: '*', path: '*', headers: [['host', 'example.com']] })
    await host.run(httpsRedirect()(events(() => expect.unreachable())), scope)
    expect(host.sent[0]).toMatchObject({ headers: [['location', 'https://example.com/']] })
  })

  it.each([
    ['/p', '/p/a b', '/a%20b', '/p/a%20b'],
    ['/p/m', '/p/m/x', '/m/x', '/p/m/x'],
    ['/p', '/p/p/x', '/p/x', '/p/p/x'],
    ['/m', '/m/x', '/m/x', '/m/x'],
  ])('keeps a prefix that a proxy removed: %s, %s', async (rootPath, path, rawPath, target) => {
    const host = new Host()
    const scope = httpScope({ rootPath, path, rawPath, headers: [['host', 'example.com']] })
    await host.run(httpsRedirect()(events(() => expect.unreachable())), scope)
    expect(host.sent[0]).toMatchObject({ headers: [['location', `https://example.com${target}`]] })
  })

  it('has the status of the option', async () => {
    expect(await answer({ status: 301, host: 'a.test' })).toBe('301 https://a.test/')
  })

  it('leaves out the paths of the option, on a segment boundary', async () => {
    const options = { except: ['/health', '/.well-known/'], host: 'a.test' }
    expect(await answer(options, { target: '/health' })).toBe('200')
    expect(await answer(options, { target: '/health/live' })).toBe('200')
    expect(await answer(options, { target: '/.well-known/acme-challenge/x' })).toBe('200')
    expect(await answer(options, { target: '/healthy' })).toBe('308 https://a.test/healthy')
  })

  it.each([
    '/health/../x',
    '/health/..',
    '/health/./x',
    '/health/%2e%2e/x',
    '/health/a/%2E./%2e./x',
    '/health/..\\x',
  ])('redirects %s, because an app may resolve the dots', async (target) => {
    const options = { except: ['/health'], host: 'a.test' }
    expect(await answer(options, { target })).toBe(`308 https://a.test${target}`)
  })

  it('lets requests over TLS through', async () => {
    expect(await answer({}, { options: { secure: true } })).toBe('200')
  })

  it.each([
    [
      { host: 'https://a' },
      'option "host" cannot be \'https://a\': it is a host with an optional port, such as example.com:8443',
    ],
    [{ status: 303 }, 'option "status" cannot be 303: it is 301, 302, 307 or 308'],
    [
      { except: '/health' },
      "option \"except\" cannot be '/health': it is a list of paths, such as ['/.well-known/acme-challenge']",
    ],
    [
      { except: ['health'] },
      "option \"except\" cannot be [ 'health' ]: it is a list of paths, such as ['/.well-known/acme-challenge']",
    ],
    [{ port: 1 }, 'unknown option "port"; the options are host, status, except'],
  ])('refuses %j when it is made', (options, message) => {
    expect(() => httpsRedirect(options as never)).toThrow(
      expect.objectContaining({
        code: 'ISTHMUS_INVALID_OPTION',
        message: `httpsRedirect(): ${message}`,
      }),
    )
  })
})
