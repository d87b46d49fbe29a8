// The cookie jar of the test client, by the rules of RFC 6265.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { websocket } from '../../src/async/websocket-app.ts'
import { events, sync } from '../../src/bridge/style.ts'
import { UnsupportedScopeError } from '../../src/errors.ts'
import { CookieJar } from '../../src/testing/cookie-jar.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { CookiePlace } from '../../src/testing/cookie-jar.ts'

const HOME = { host: 'desk.example', path: '/', secure: false }

/** The `Cookie` of a request for `place` after a response with `setCookies` to a request for `from`. */
function sent(
  setCookies: string[],
  place: Partial<CookiePlace> = {},
  from: Partial<CookiePlace> = {},
): string | undefined {
  const jar = new CookieJar(HOME)
  jar.store(setCookies, { ...HOME, ...from })
  return jar.header({ ...HOME, ...place })
}

afterEach(() => void vi.useRealTimers())

describe('a cookie', () => {
  it.each([
    ['a=1', 'a=1'],
    ['  a \t=\t1  ; Path=/', 'a=1'],
    ['a=b=c', 'a=b=c'],
    ['a="1 2"', 'a="1 2"'],
    ['a=', 'a='],
    ['a=\xa0', 'a=\xa0'],
    ['a=1;;;', 'a=1'],
    ['a=1; HttpOnly; SameSite=Lax; Priority=High', 'a=1'],
    ['=1', undefined],
    ['a', undefined],
    ['', undefined],
    ['; a=1', undefined],
  ])('is parsed: %j (5.2)', (text, header) => expect(sent([text])).toBe(header))

  it('replaces one of the same name, domain and path, and keeps its place (5.3)', () => {
    expect(sent(['a=1', 'b=2', 'a=3'])).toBe('a=3; b=2')
    expect(sent(['a=1', 'a=2; Path=/x', 'A=3'], { path: '/x' })).toBe('a=2; a=1; A=3')
  })

  it('with a longer path comes first (5.4)', () => {
    expect(sent(['a=1', 'b=2; Path=/x/y', 'c=3; Path=/x'], { path: '/x/y/z' })).toBe(
      'b=2; c=3; a=1',
    )
  })

  it.each([
    ['/', '/', true],
    ['/x', '/x', true],
    ['/x', '/x/y', true],
    ['/x/', '/x/y', true],
    ['/x', '/xy', false],
    ['/x/', '/x', false],
    ['/x', '/', false],
    ['/x', '/X', false],
    ['x', '/other', true],
    ['', '/other', true],
  ])('of the path %j, asked at %j, is sent: %s (5.1.4)', (path, at, isSent) => {
    expect(sent([`a=1; Path=${path}`], { path: at })).toBe(isSent ? 'a=1' : undefined)
  })

  it.each([
    ['/app/login', '/app', true],
    ['/app/login', '/app/x', true],
    ['/app/login', '/', false],
    ['/app/', '/app', true],
    ['/login', '/other', true],
    ['*', '/', true],
  ])('without a path, set at %j, asked at %j, is sent: %s (5.1.4)', (from, at, isSent) => {
    expect(sent(['a=1'], { path: at }, { path: from })).toBe(isSent ? 'a=1' : undefined)
  })

  it.each([
    ['desk.example', undefined, 'desk.example', true],
    ['desk.example', undefined, 'a.desk.example', false],
    ['desk.example', 'desk.example', 'a.desk.example', true],
    ['desk.example', '.desk.example', 'a.desk.example', true],
    ['desk.example', '.DESK.example', 'a.b.desk.example', true],
    ['a.desk.example', 'desk.example', 'desk.example', true],
    ['a.desk.example', 'desk.example', 'b.desk.example', true],
    ['a.desk.example', 'desk.example', 'notdesk.example', false],
    ['desk.example', 'a.desk.example', 'a.desk.example', false],
    ['desk.example', 'other.example', 'other.example', false],
    ['desk.example', 'example', 'desk.example', false],
    ['desk.example', 'sk.example', 'desk.example', false],
    ['desk.example', '', 'desk.example', true],
    ['localhost', 'localhost', 'localhost', true],
    ['localhost', 'localhost', 'a.localhost', false],
    ['10.0.0.7', '10.0.0.7', '10.0.0.7', true],
    ['10.0.0.7', '0.0.7', '10.0.0.7', false],
  ])(
    'set by %s with the domain %s, asked at %s, is sent: %s (5.1.3)',
    (from, domain, at, isSent) => {
      const text = domain === undefined ? 'a=1' : `a=1; Domain=${domain}`
      expect(sent([text], { host: at }, { host: from })).toBe(isSent ? 'a=1' : undefined)
    },
  )

  it('with Secure is sent over TLS only (5.4)', () => {
    expect(sent(['a=1; secure'])).toBeUndefined()
    expect(sent(['a=1; SECURE=x'], { secure: true })).toBe('a=1')
  })

  it.each([
    ['Max-Age=60', 59, true],
    ['Max-Age=60', 61, false],
    ['max-age=0', 0, false],
    ['Max-Age=-1', 0, false],
    ['Max-Age=1.5', 999, true],
    ['Max-Age=', 999, true],
    ['Max-Age=99999999999999999999', 999, true],
    ['Expires=Thu, 01 Jan 2026 00:01:00 GMT', 59, true],
    ['Expires=Thu, 01-Jan-26 00:01:00 GMT', 61, false],
    ['Expires=Thu, 01 Jan 1970 00:00:00 GMT', 0, false],
    ['Expires=never', 999, true],
    ['Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60', 59, true],
    ['Max-Age=0; Expires=Thu, 01 Jan 2032 00:00:00 GMT', 0, false],
    ['Max-Age=0; Max-Age=60', 59, true],
  ])('with %s, asked after %d s, is sent: %s (5.3)', (attributes, seconds, isSent) => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
    const jar = new CookieJar(HOME)
    jar.set(`a=1; ${attributes}`)
    vi.advanceTimersByTime(seconds * 1000)
    expect(jar.header(HOME)).toBe(isSent ? 'a=1' : undefined)
  })

  it('is removed by one that has expired', () => {
    expect(sent(['a=1', 'b=2', 'a=; Max-Age=0'])).toBe('b=2')
    expect(sent(['a=1; Path=/', 'a=; Max-Age=0; Path=/x'])).toBe('a=1')
  })

  it.each([
    ['__Secure-a=1', false],
    ['__Secure-a=1; Secure', true],
    ['__Host-a=1; Secure', false],
    ['__Host-a=1; Secure; Path=/', true],
    ['__host-a=1; Secure; Path=/; Domain=desk.example', false],
  ])('keeps the promise of its prefix: %s is sent: %s', (text, isSent) => {
    const header = sent([text], { path: '/x/y', secure: true }, { path: '/x/y' })
    expect(header !== undefined).toBe(isSent)
  })
})

describe('a test client with cookies', () => {
  const app = sync((environ, startResponse) => {
    const headers: Array<[string, string]> = []
    if (environ.QUERY_STRING !== '')
      for (const each of environ.QUERY_STRING.split('&'))
        headers.push(['Set-Cookie', decodeURIComponent(each)])
    startResponse('200 OK', headers)
    return [environ.HTTP_COOKIE ?? 'none']
  })

  it('sends the cookies that a response has set', async () => {
    await using client = await testClient(app, { cookies: true })
    expect((await client.get('/?a=1&b=2')).text()).toBe('none')
    expect((await client.get('/')).text()).toBe('a=1; b=2')
    expect((await client.post('/x', { body: 'a' })).text()).toBe('a=1; b=2')
    expect([client.cookies.get('a'), client.cookies.get('c')]).toEqual(['1', undefined])
  })

  it('keeps none without the option', async () => {
    await using client = await testClient(app)
    await client.get('/?a=1')
    expect((await client.get('/')).text()).toBe('none')
    expect(() => client.cookies).toThrow('pass { cookies: true } to testClient()')
  })

  it('takes and forgets cookies of the test', async () => {
    await using client = await testClient(app, { cookies: true, host: 'desk.example' })
    client.cookies.set('a=1; Path=/app')
    expect((await client.get('/app/x')).text()).toBe('a=1')
    expect((await client.get('/')).text()).toBe('none')
    expect(client.cookies.get('a', '/app')).toBe('1')
    client.cookies.clear()
    expect((await client.get('/app/x')).text()).toBe('none')
  })

  it('sends the Cookie of the test alone, if the request has one', async () => {
    await using client = await testClient(app, { cookies: true })
    await client.get('/?a=1')
    expect((await client.get('/', { headers: { Cookie: 'mine=1' } })).text()).toBe('mine=1')
  })

  it('keeps the cookies of two hosts apart, by the Host of each request', async () => {
    await using client = await testClient(app, { cookies: true })
    const one = { headers: { host: 'one.example:8000' } }
    await client.get('/?a=1', one)
    expect((await client.get('/', { headers: { host: 'two.example' } })).text()).toBe('none')
    expect((await client.get('/', { headers: { host: 'ONE.example' } })).text()).toBe('a=1')
    expect((await client.get('http://one.example/', one)).text()).toBe('a=1')
    await client.get('/?b=2', { headers: { host: '[::1]:80' } })
    expect((await client.get('/', { headers: { host: '[::1]' } })).text()).toBe('b=2')
  })

  it('sends secure cookies if it is secure', async () => {
    await using open = await testClient(app, { cookies: true })
    await using secure = await testClient(app, { cookies: true, secure: true })
    for (const client of [open, secure]) await client.get('/?a%3D1%3B%20Secure')
    expect((await open.get('/')).text()).toBe('none')
    expect((await secure.get('/')).text()).toBe('a=1')
  })

  it('keeps the cookies of a streamed response from its head on, and those of a HEAD', async () => {
    await using client = await testClient(app, { cookies: true })
    await using response = await client.stream('GET', '/?a=1')
    expect(response.status).toBe(200)
    expect((await client.get('/')).text()).toBe('a=1')
    await client.head('/?b=2')
    expect((await client.get('/')).text()).toBe('a=1; b=2')
  })

  it('sends cookies with a WebSocket handshake, and keeps those of its answer', async () => {
    const chat = websocket(async (socket) => {
      const cookie = socket.scope.headers.find(([name]) => name === 'cookie')?.[1] ?? 'none'
      if (socket.scope.path === '/denied')
        return socket.deny(403, [['set-cookie', 'denied=1; Path=/']], cookie)
      await socket.accept({ headers: [['set-cookie', 'chat=1']] })
      return socket.send(cookie)
    })
    await using client = await testClient(chat, { cookies: true })
    await using session = await client.websocket('/')
    expect(await session.receive()).toBe('none')
    await expect(client.websocket('/denied')).rejects.toMatchObject({
      response: { body: new Uint8Array(Buffer.from('chat=1')) },
    })
    await using last = await client.websocket('/')
    expect(await last.receive()).toBe('chat=1; denied=1')
  })

  it('keeps none of a response that has no head', async () => {
    const cutting = events(async (scope, _receive, send) => {
      if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
      const headers: Array<[string, string]> = [['set-cookie', 'a=1']]
      await send({ type: 'http.response.start', status: 200, headers })
      throw new RangeError('before the head left')
    })
    await using client = await testClient(cutting, { cookies: true })
    await expect(client.get('/')).rejects.toThrow('before the head left')
    expect(client.cookies.get('a')).toBeUndefined()
  })

  it('does not answer a redirect', async () => {
    const moving = sync((environ, startResponse) => {
      if (environ.PATH_INFO !== '/') return app(environ, startResponse)
      startResponse('303 See Other', [
        ['Location', '/there'],
        ['Set-Cookie', 'a=1'],
      ])
      return []
    })
    await using client = await testClient(moving, { cookies: true })
    expect((await client.post('/')).status).toBe(303)
    expect((await client.get('/there')).text()).toBe('a=1')
  })
})
