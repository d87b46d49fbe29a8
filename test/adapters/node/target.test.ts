import { describe, expect, it } from 'vitest'
import { targetOf } from '../../../src/adapters/node/target.ts'
import { decodePath } from '../../../src/http/target.ts'

function targetFor(rawPath: string, rootPath = '', path = decodePath(rawPath)): unknown {
  const { url, mount } = targetOf({ rawPath, rootPath, path, queryString: 'q=1' })
  return mount ? [url, mount.baseUrl, mount.originalUrl] : url
}

describe('the URL of a handler', () => {
  it('is that of the client at the root, escapes included', () => {
    expect(targetFor('/a%20b/%2F')).toBe('/a%20b/%2F?q=1')
    expect(targetFor('/%zz')).toBe('/%zz?q=1')
  })

  it('is the new path if a middleware has changed the path', () => {
    expect(targetFor('/a%20b', '', '/c d')).toBe('/c%20d?q=1')
    expect(targetFor('/shop/a%20b', '/shop', '/shop/c?')).toEqual([
      '/c%3F?q=1',
      '/shop',
      '/shop/c%3F?q=1',
    ])
  })

  it.each([
    ['/shop/cart', '/shop', '/cart?q=1', '/shop/cart?q=1'],
    ['/shop', '/shop', '/?q=1', '/shop?q=1'],
    ['/%73hop/a%2Fb', '/shop', '/a%2Fb?q=1', '/shop/a%2Fb?q=1'],
    ['/shop/%C3%A9/x', '/shop/é', '/x?q=1', '/shop/%C3%A9/x?q=1'],
    ['/shop//a%20', '/shop', '//a%20?q=1', '/shop//a%20?q=1'],
  ])('below a mount is the rest of %s', (rawPath, rootPath, url, originalUrl) => {
    const [given, , whole] = targetFor(rawPath, rootPath) as string[]
    expect([given, whole]).toEqual([url, originalUrl])
  })

  it('is the whole path if the server has put the root path before it', () => {
    expect(targetFor('/a%20b', '/shop', '/shop/a b')).toEqual([
      '/a%20b?q=1',
      '/shop',
      '/shop/a%20b?q=1',
    ])
  })

  it('costs about as much for a path of many segments as for one of the same length', () => {
    const cost = (rawPath: string): number => {
      const started = process.cpuUsage()
      for (let count = 0; count < 20; count += 1) targetFor(rawPath, '/shop')
      const { user, system } = process.cpuUsage(started)
      return user + system
    }
    const many = `/shop${'/'.repeat(16_000)}%20`
    const one = `/shop/${'x'.repeat(16_000)}%20`
    cost(one)
    expect(cost(many)).toBeLessThan(20 * cost(one) + 50_000)
  })
})
