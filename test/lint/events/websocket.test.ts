import { describe, expect, it } from 'vitest'
import { event, saying, underLint, websocketScope } from './stage.ts'
import type { EventApp, ReceiveEvent, SendEvent } from '../../../src/contract/events.ts'

const CONNECT = event('websocket.connect')
const ACCEPT = event('websocket.accept')
const CLOSE = event('websocket.close')
const GONE = event('websocket.disconnect', { code: 1001, reason: 'bye' })
const text = (message: unknown): SendEvent & ReceiveEvent =>
  event('websocket.receive', { text: message })

/** An app that accepts after the first event, and takes the others. */
const accepting =
  (count: number): EventApp =>
  async (_scope, receive, send) => {
    await receive()
    await send(ACCEPT)
    for (let at = 1; at < count; at++) await receive()
  }

/** The message of lint for an app that connects, then sends these events. */
async function verdict(events: SendEvent[], scope = websocketScope()): Promise<string> {
  const app: EventApp = async (given, receive, send) => {
    await receive()
    await saying(...events)(given, receive, send)
  }
  return underLint(app, scope, [CONNECT, GONE]).then(
    () => 'fine',
    (error: Error) => error.message,
  )
}

/** The message of lint for a server that delivers these events. */
async function verdictOnServer(...events: ReceiveEvent[]): Promise<string> {
  return underLint(accepting(events.length), websocketScope(), events).then(
    () => 'fine',
    (error: Error) => error.message,
  )
}

describe('a WebSocket app under lint', () => {
  it('[3b.43, 3b.46, 3b.50] accepts, sends and closes', async () => {
    const send = event('websocket.send', { text: 'a' })
    expect(await verdict([ACCEPT, send, CLOSE])).toBe('fine')
    expect(await verdict([event('websocket.accept', { subprotocol: 'v1' }), CLOSE])).toBe('fine')
  })

  it('[3b.53] may return while the socket is open', async () => {
    expect(await verdict([ACCEPT])).toBe('fine')
  })

  it('[3b.45] answers the handshake', async () => {
    expect(await verdict([])).toBe(
      'app broke completeness: it returned without sending websocket.accept, websocket.close or a denial response; send it, or throw',
    )
  })

  it('[3b.46] sends nothing before it accepts, and nothing after it closes', async () => {
    const send = event('websocket.send', { text: 'a' })
    expect(await verdict([send])).toContain(
      '"websocket.send" is illegal while the WebSocket is connecting',
    )
    expect(await verdict([ACCEPT, CLOSE, send])).toContain('illegal while the WebSocket is closing')
  })

  it('[3b.46] sends exactly one of text and bytes', async () => {
    const both = event('websocket.send', { text: 'a', bytes: new Uint8Array(1) })
    expect(await verdict([ACCEPT, both])).toContain('app broke the legality of events')
    expect(await verdict([ACCEPT, event('websocket.send')])).toContain('app broke the legality')
  })

  it('[3b.43] chooses a subprotocol that was offered', async () => {
    const accept = event('websocket.accept', { subprotocol: 'v2' })
    expect(await verdict([accept])).toContain('one that the client offered (v1)')
  })

  it('[3b.43] sends strict headers with its 101', async () => {
    const accept = event('websocket.accept', { headers: [['X-A', 'b']] })
    expect(await verdict([accept])).toContain('"X-A" has capitals')
    const upgrade = event('websocket.accept', { headers: [['upgrade', 'websocket']] })
    expect(await verdict([upgrade])).toContain(`"upgrade" is the server's`)
  })

  it('[3b.47] denies with a response, whole and strict, if the scope has that extension', async () => {
    const start = event('websocket.http.response.start', { status: 401 })
    const odd = event('websocket.http.response.start', { status: 700 })
    const body = event('websocket.http.response.body', { body: 'no' })
    const bare = websocketScope({ extensions: {} })
    expect(await verdict([start, body])).toBe('fine')
    expect(await verdict([start])).toContain(
      'the last websocket.http.response.body (moreBody false)',
    )
    expect(await verdict([odd])).toContain('app broke the status: it is 700')
    expect(await verdict([start], bare)).toContain(
      'websocket.http.response is not in scope.extensions',
    )
  })

  it('[3b.47] sends no event of the WebSocket after a denial has begun', async () => {
    const start = event('websocket.http.response.start', { status: 401 })
    const body = event('websocket.http.response.body', { body: 'no' })
    for (const late of [ACCEPT, event('websocket.send', { text: 'a' }), CLOSE, start]) {
      expect(await verdict([start, late])).toContain('is illegal while the WebSocket is denying')
      expect(await verdict([start, body, late])).toContain('is illegal while the WebSocket is')
    }
    expect(await verdict([ACCEPT, start])).toContain('is illegal while the WebSocket is open')
  })

  it('[3b.47] denies with strict headers and a length that is right', async () => {
    const start = (...headers: string[][]): SendEvent =>
      event('websocket.http.response.start', { status: 401, headers })
    const body = event('websocket.http.response.body', { body: 'no' })
    expect(await verdict([start(['X-A', 'b'])])).toContain('"X-A" has capitals')
    expect(await verdict([start(['upgrade', 'b'])])).toContain(`"upgrade" is the server's`)
    expect(await verdict([start(['content-length', '3']), body])).toContain('ended after 2 of')
    const empty = event('websocket.http.response.start', { status: 204 })
    expect(await verdict([empty, body])).toContain('a 204 has a body')
  })

  it('[3b.43, 3b.44, 3b.50] answers the handshake once, and closes once', async () => {
    expect(await verdict([ACCEPT, ACCEPT])).toContain('is illegal while the WebSocket is open')
    expect(await verdict([CLOSE, ACCEPT])).toContain('is illegal while the WebSocket is closed')
    expect(await verdict([ACCEPT, CLOSE, CLOSE])).toContain(
      'illegal while the WebSocket is closing',
    )
  })

  it('[3b.43] leaves sec-websocket-protocol to the server', async () => {
    const accept = event('websocket.accept', { headers: [['sec-websocket-protocol', 'v1']] })
    expect(await verdict([accept])).toContain(
      'only the server sets header "sec-websocket-protocol"',
    )
  })

  it('[3b.50] closes with a code and a reason that may be on the wire', async () => {
    expect(await verdict([ACCEPT, event('websocket.close', { code: 1006 })])).toContain('app broke')
    expect(
      await verdict([ACCEPT, event('websocket.close', { reason: 'x'.repeat(124) })]),
    ).toContain('app broke')
  })

  it('[3b.51] may return early when it received the disconnect', async () => {
    const leaving: EventApp = async (_scope, receive) => {
      await receive()
      await receive()
    }
    expect(await underLint(leaving, websocketScope(), [CONNECT, GONE])).toEqual([])
  })
})

describe('a WebSocket server under lint', () => {
  it('[3b.42, 3b.51] connects, delivers and disconnects for ever', async () => {
    const bytes = event('websocket.receive', { bytes: new Uint8Array(1), text: null })
    expect(await verdictOnServer(CONNECT, text('a'), bytes, GONE, GONE)).toBe('fine')
  })

  it('[3b.42] connects first', async () => {
    expect(await verdictOnServer(text('a'))).toContain(
      '"websocket.receive" came; expected websocket.connect',
    )
  })

  it('[3b.42] connects once', async () => {
    expect(await verdictOnServer(CONNECT, CONNECT)).toContain('expected websocket.receive or')
  })

  it('[3b.42] keeps messages until the handshake is accepted', async () => {
    const impatient: EventApp = async (_scope, receive) => {
      await receive()
      await receive()
    }
    await expect(underLint(impatient, websocketScope(), [CONNECT, text('a')])).rejects.toThrow(
      'expected no message before websocket.accept',
    )
  })

  it('[3b.51] delivers nothing after the disconnect', async () => {
    expect(await verdictOnServer(CONNECT, GONE, text('a'))).toContain(
      'expected websocket.disconnect for ever',
    )
  })

  it('[3b.48] delivers text or bytes, not both and not neither', async () => {
    const both = event('websocket.receive', { text: 'a', bytes: new Uint8Array(1) })
    expect(await verdictOnServer(CONNECT, both)).toContain(
      'exactly one of a Uint8Array and a string',
    )
    expect(await verdictOnServer(CONNECT, event('websocket.receive'))).toContain('exactly one of')
    expect(await verdictOnServer(CONNECT, text(1))).toContain('exactly one of')
  })

  it('[3b.51] gives a code and a reason', async () => {
    expect(await verdictOnServer(CONNECT, event('websocket.disconnect', { code: 1000 }))).toContain(
      'websocket.disconnect has the code 1000 and the reason undefined; send an integer and a string',
    )
  })
})
