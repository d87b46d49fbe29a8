import { describe, expect, it } from 'vitest'
import { outerTarget } from '../../../src/server/embedded/outer-request.ts'

describe('the target of a request in a framework', () => {
  it.each([
    // Without a framework.
    ['/a?b', undefined, undefined, '/a?b', ''],
    // Express, with a mount path.
    ['/x?q', '/shop/x?q', '/shop', '/shop/x?q', '/shop'],
    ['/', '/shop', '/shop', '/shop', '/shop'],
    ['/', '/shop/', '/shop', '/shop/', '/shop'],
    ['/?q', '/shop?q', '/shop', '/shop?q', '/shop'],
    ['/x%2Fy', '/a%20b/x%2Fy', '/a%20b', '/a%20b/x%2Fy', '/a%20b'],
    ['/x', '/x', '', '/x', ''],
    ['http://h/x', 'http://h/shop/x', '/shop', 'http://h/shop/x', '/shop'],
    ['http://h', 'http://h/shop', '/shop', 'http://h/shop', '/shop'],
    ['*', '*', '', '*', ''],
    // Express, with a URL that a middleware has rewritten.
    ['/new', '/old', '', '/new', ''],
    ['/x', '/old/x', '/new', '/new/x', '/new'],
    // Connect and middie, which say no mount path.
    ['/x?q', '/shop/x?q', undefined, '/shop/x?q', '/shop'],
    ['/', '/shop', undefined, '/shop', '/shop'],
    ['/', '/shop/', undefined, '/shop/', '/shop'],
    ['/?q', '/shop?q', undefined, '/shop?q', '/shop'],
    ['/index.html', '/deep/link', undefined, '/index.html', ''],
    ['/b', '/a?/b', undefined, '/b', ''],
  ])('%s of %s below %s is %s, mounted at "%s"', (url, originalUrl, baseUrl, target, base) => {
    expect(outerTarget({ url, originalUrl, baseUrl })).toEqual({ target, base })
  })
})
