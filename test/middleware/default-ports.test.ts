// Ports that a client leaves out, wildcards that a browser reads as names, and patterns that remember a match.

import { describe, expect, it } from 'vitest'
import { compress } from '../../src/middleware/compress.ts'
import { cors } from '../../src/middleware/cors.ts'
import { trustedHost } from '../../src/middleware/trusted-host.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { SyncApp } from '../../src/contract/environ.ts'

const answering = (status: string): SyncApp => {
  return (_environ, startResponse) => {
    startResponse(status, [['content-type', 'application/x-own']])
    return ['a'.repeat(4096)]
  }
}

describe('a default port', () => {
  it.each([
    ['https://a.example:443', 'https://a.example'],
    ['http://a.example:80', 'http://a.example'],
  ])('of the listed origin %s is the origin %s', async (listed, origin) => {
    await using client = await testClient(cors({ origins: [listed] })(answering('200 OK')))
    const { headers } = await client.get('/', { headers: { origin } })
    expect(headers.get('access-control-allow-origin')).toBe(origin)
  })

  it('of a listed host matches a Host without a port', async () => {
    const wrap = trustedHost({ hosts: ['a.example:80'] })
    await using client = await testClient(wrap(answering('200 OK')))
    expect((await client.get('/', { headers: { host: 'a.example' } })).status).toBe(200)
    expect((await client.get('/', { headers: { host: 'a.example:81' } })).status).toBe(421)
  })
})

describe('cors() with credentials', () => {
  it.each(['methods', 'allowHeaders', 'exposeHeaders'])('refuses * in %s', (option) => {
    const options = { origins: ['https://a.example'], credentials: true, [option]: ['*'] }
    expect(() => cors(options)).toThrow(expect.objectContaining({ code: 'ISTHMUS_INVALID_OPTION' }))
  })
})

describe('compress()', () => {
  it.each([/x-own/g, /application\/x-own/y])('applies %s to each response', async (type) => {
    await using client = await testClient(compress({ types: [type] })(answering('200 OK')))
    const codings: unknown[] = []
    for (let count = 0; count < 3; count += 1) {
      const { headers } = await client.get('/', { headers: { 'accept-encoding': 'gzip' } })
      codings.push(headers.get('content-encoding'))
    }
    expect(codings).toEqual(['gzip', 'gzip', 'gzip'])
  })
})
