import { describe, expect, it } from 'vitest'
import { event, hearing, httpScope, NO_BODY, saying, underLint } from './stage.ts'
import type { ReceiveEvent, SendEvent } from '../../../src/contract/events.ts'

const BODY = event('http.response.body', { body: 'ok' })
const GONE = event('http.disconnect')
const start = (keys: Record<string, unknown> = {}): SendEvent =>
  event('http.response.start', { status: 200, ...keys })

/** The message of lint for an app that sends these events. */
async function verdict(events: SendEvent[], scope = httpScope()): Promise<string> {
  return underLint(saying(...events), scope).then(
    () => 'fine',
    (error: Error) => error.message,
  )
}

/** The message of lint for a server that delivers these events to an app that takes all of them. */
async function verdictOnServer(...events: ReceiveEvent[]): Promise<string> {
  return underLint(hearing(events.length, start(), BODY), httpScope(), events).then(
    () => 'fine',
    (error: Error) => error.message,
  )
}

describe('the start of a response under lint', () => {
  it('[3b.23] has a status from 200 to 599', async () => {
    expect(await verdict([start({ status: 599 }), BODY])).toBe('fine')
    expect(await verdict([start({ status: 600 }), BODY])).toBe(
      'app broke the status: it is 600; use an integer from 200 to 599',
    )
    expect(await verdict([start({ status: 100 })])).toContain('must be an integer from 200')
    expect(await verdict([start({ status: '200' })])).toContain('must be an integer from 200')
    expect(await verdict([start({ status: undefined })])).toContain('must be an integer from 200')
  })

  it('[3b.23] has header names in lower case', async () => {
    expect(await verdict([start({ headers: [['Content-Type', 'text/plain']] })])).toBe(
      'app broke strict headers: "Content-Type" has capitals; send names in lower case',
    )
  })

  it.each(['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'])(
    '[3b.23] leaves %s to the server',
    async (name) => {
      expect(await verdict([start({ headers: [[name, 'x']] })])).toBe(
        `app broke strict headers: "${name}" is the server's; leave it out`,
      )
    },
  )

  it.each([
    ['an object', { 'x-a': 'b' }, 'an array of [name, value] pairs'],
    ['a string in place of a pair', ['x-a: b'], 'must be a [name, value] pair'],
    ['a number in place of a value', [['x-a', 1]], 'must be strings'],
    ['a line break in a value', [['x-a', 'b\r\nc: d']], 'control character'],
    ['a blank in a name', [['x a', 'b']], 'is not a token'],
    ['a pseudo-header', [[':status', '200']], 'is not a token'],
  ])('[3b.23] has headers that are no %s', async (_name, headers, message) => {
    expect(await verdict([start({ headers })])).toContain(message)
  })

  it('[3b.21] comes first, and once', async () => {
    expect(await verdict([BODY])).toContain('waiting for http.response.start')
    expect(await verdict([start(), start()])).toContain('http.response.start is illegal here')
    expect(await verdict([start(), BODY, start()])).toContain('the response is complete')
  })
})

describe('the body of a response under lint', () => {
  it('[3b.21] ends once', async () => {
    expect(await verdict([start(), BODY, BODY])).toContain('the response is complete')
  })

  it('[3b.24] is a string or bytes', async () => {
    expect(await verdict([start(), event('http.response.body', { body: [1] })])).toContain(
      'must be a Uint8Array or a string',
    )
  })

  it('[3b.25] is as long as its content-length', async () => {
    const two = start({ headers: [['content-length', '2']] })
    const three = start({ headers: [['content-length', '3']] })
    const one = start({ headers: [['content-length', '1']] })
    expect(await verdict([two, BODY])).toBe('fine')
    expect(await verdict([three, BODY])).toContain('ended after 2 of the 3 bytes')
    expect(await verdict([one, BODY])).toContain('exceeds its Content-Length of 1 bytes by 1')
  })

  it('[3b.26] is empty for 204 and 304', async () => {
    const empty = event('http.response.body')
    expect(await verdict([start({ status: 204 }), empty])).toBe('fine')
    expect(await verdict([start({ status: 304, headers: [['content-length', '9']] }), empty])).toBe(
      'fine',
    )
    expect(await verdict([start({ status: 204 }), BODY])).toContain('a 204 has a body')
    expect(await verdict([start({ status: 304 }), BODY])).toContain('a 304 has a body')
    expect(
      await verdict([start({ status: 204, headers: [['content-length', '0']] }), empty]),
    ).toContain('a 204 has a content-length; leave it out')
  })

  it('[3b.26] may be sent for HEAD as for GET: the server drops it', async () => {
    expect(await verdict([start(), BODY], httpScope({ method: 'HEAD' }))).toBe('fine')
  })
})

describe('extensions under lint', () => {
  const trailers = event('http.response.trailers', { headers: [['x-sum', '1']] })
  const hint = event('http.response.early_hint', { links: ['</a.css>; rel=preload'] })
  const file = event('http.response.pathsend', { path: '/srv/a.css' })

  it('[3b.31, 3b.33, 3b.34] may be used if the scope has them', async () => {
    expect(await verdict([hint, start({ trailers: true }), BODY, trailers])).toBe('fine')
    expect(await verdict([start(), file])).toBe('fine')
    expect(await verdict([start({ trailers: true }), file, trailers])).toBe('fine')
  })

  it('[3b.39] may not be used if the scope does not have them', async () => {
    const bare = httpScope({ extensions: {} })
    expect(await verdict([start({ trailers: true })], bare)).toBe(
      'app broke the use of extensions: http.response.trailers is not in scope.extensions; ' +
        'look there first, and do without it if it is missing',
    )
    expect(await verdict([hint], bare)).toContain(
      'http.response.early_hint is not in scope.extensions',
    )
    expect(await verdict([start(), file], bare)).toContain('http.response.pathsend is not in')
    expect(await verdict([event('http.response.push')])).toContain('http.response.push is not in')
  })

  it('[3b.34] are used in their order', async () => {
    expect(await verdict([start({ trailers: true }), BODY])).toContain('the last trailers')
    expect(await verdict([start(), BODY, trailers])).toContain('http.response.trailers is illegal')
    expect(await verdict([start(), file, BODY])).toContain('the response is sending a file')
  })

  it('[3b.31, 3b.33, 3b.34] have values that may be sent', async () => {
    const wants = start({ trailers: true })
    const framing = event('http.response.trailers', { headers: [['content-length', '1']] })
    const broken = event('http.response.trailers', { headers: [['x-sum', 'a\r\nb']] })
    expect(await verdict([wants, BODY, framing])).toMatch(/^app broke .*content-length/)
    expect(await verdict([wants, BODY, broken])).toMatch(/^app broke .*control character/)
    const link = event('http.response.early_hint', { links: ['</a>\r\nx: y'] })
    expect(await verdict([link])).toMatch(/^app broke .*control character/)
    expect(await verdict([event('http.response.early_hint', { links: '</a>' })])).toContain(
      'links of http.response.early_hint must be an array',
    )
    const relative = event('http.response.pathsend', { path: 'a.css' })
    expect(await verdict([start(), relative])).toContain('must be an absolute path')
  })

  it('[3b.34] have trailer names in lower case, and none of the connection', async () => {
    const wants = start({ trailers: true })
    const trailer = (name: string): SendEvent =>
      event('http.response.trailers', { headers: [[name, '1']] })
    expect(await verdict([wants, BODY, trailer('X-Sum')])).toContain('"X-Sum" has capitals')
    expect(await verdict([wants, BODY, trailer('upgrade')])).toContain(`"upgrade" is the server's`)
  })

  it('[3b.31] send one file', async () => {
    expect(await verdict([start(), file, file])).toContain('http.response.pathsend is illegal')
    expect(await verdict([file])).toContain('waiting for http.response.start')
    const part = event('http.response.body', { body: 'a', moreBody: true })
    expect(await verdict([start(), part, file])).toContain('http.response.pathsend is illegal')
  })

  it('[3b.2] of other scopes may not be used', async () => {
    expect(await verdict([event('websocket.accept')])).toContain(
      '"websocket.accept" is not an event',
    )
  })
})

describe('a file under lint', () => {
  it('[3b.34] is followed by trailers that may be sent, once', async () => {
    const file = event('http.response.pathsend', { path: '/srv/a.css' })
    const trailers = (headers: unknown): SendEvent => event('http.response.trailers', { headers })
    const wants = start({ trailers: true })
    expect(await verdict([wants, file, trailers([['x-sum', 'a\r\nb']])])).toContain(
      'control character',
    )
    expect(await verdict([wants, file, trailers([]), trailers([])])).toContain(
      'http.response.trailers is illegal here',
    )
    expect(await verdict([start(), file, trailers([])])).toContain(
      'http.response.trailers is illegal here',
    )
    expect(await verdict([wants, file])).toContain('the last trailers')
  })
})

describe('the requests of a server under lint', () => {
  const part = event('http.request', { body: new Uint8Array(1), moreBody: true })

  it('[3b.14, 3b.16] are bodies in order, one end, and disconnects', async () => {
    expect(await verdictOnServer(part, part, NO_BODY, GONE, GONE)).toBe('fine')
    expect(await verdictOnServer(part, GONE)).toBe('fine')
  })

  it('[3b.14] end once', async () => {
    expect(await verdictOnServer(NO_BODY, NO_BODY)).toBe(
      'server broke the order of events: "http.request" came; expected http.disconnect after moreBody false',
    )
  })

  it('[3b.16] do not come back after a disconnect', async () => {
    expect(await verdictOnServer(GONE, part)).toContain('expected http.disconnect for ever')
  })

  it('[3b.3] have bytes and a boolean', async () => {
    expect(
      await verdictOnServer(event('http.request', { body: 'text', moreBody: false })),
    ).toContain(
      'http.request has the body "text" and moreBody false; send a Uint8Array and a boolean',
    )
    expect(await verdictOnServer(event('http.request', { body: new Uint8Array(0) }))).toContain(
      'moreBody undefined',
    )
  })

  it('are not those of other scopes', async () => {
    expect(await verdictOnServer(event('websocket.connect'))).toContain(
      '"websocket.connect" came; expected http.request or http.disconnect',
    )
  })
})
