// The middleware of isthmus serve: the access log, and the addresses that proxies tell.

import { describe, expect, it } from 'vitest'
import { layersOf } from '../../../src/cli/serve/layers.ts'
import { sync } from '../../../src/bridge/style.ts'
import { testClient } from '../../../src/testing/test-client.ts'

const NONE = { accessLog: false, proxyHeaders: false, forwardedAllowIps: null }

const who = sync((environ, startResponse) => {
  startResponse('200 OK', [])
  return [`${environ.REMOTE_ADDR} ${environ['wsgi.url_scheme']}`]
})

async function seen(options: Partial<Parameters<typeof layersOf>[0]>): Promise<string> {
  const app = layersOf({ ...NONE, ...options })(who)
  await using client = await testClient(app)
  const headers = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' }
  return (await client.get('/', { headers })).text()
}

describe('--proxy-headers', () => {
  it('takes client and scheme from trusted proxies only, by default those of this machine', async () => {
    expect(await seen({})).toBe('127.0.0.1 http')
    expect(await seen({ proxyHeaders: true })).toBe('192.0.2.7 https')
    expect(await seen({ proxyHeaders: true, forwardedAllowIps: ['10.0.0.0/8'] })).toBe(
      '127.0.0.1 http',
    )
    expect(await seen({ proxyHeaders: true, forwardedAllowIps: ['*'] })).toBe('192.0.2.7 https')
  })

  it('refuses a proxy that is no address, by the name of its flag', () => {
    const refused = (): unknown =>
      layersOf({ ...NONE, proxyHeaders: true, forwardedAllowIps: ['nginx'] })
    expect(refused).toThrow(/^--forwarded-allow-ips cannot be 'nginx': it is an address, a range/)
  })
})
