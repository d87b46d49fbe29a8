// One request to a scripted server and back, byte by byte.

import { describe, expect, it } from 'vitest'
import { deadPort, front, ok, scripted, until } from './upstream.ts'
import type { Socket } from 'node:net'

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'

describe('a request', () => {
  it('reaches the target with its path byte for byte, its Host, and the facts about the client', async () => {
    await using up = await scripted(({ socket }) => socket.write(ok()))
    await using on = await front(up.url)

    on.client.send(
      'GET /a/../%2e/b%2F?x=%20&y HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 6.6.6.6\r\n' +
        'Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nProxy: evil\r\nCookie: a=b\r\n\r\n',
    )
    expect((await on.client.response()).body).toBe('ok')
    const { head } = up.requests[0]!
    expect(head).toBe(
      'GET /a/../%2e/b%2F?x=%20&y HTTP/1.1\r\nhost: a.example\r\nconnection: keep-alive\r\ncookie: a=b\r\n' +
        'x-forwarded-for: 127.0.0.1\r\nx-forwarded-proto: http\r\nx-forwarded-host: a.example\r\n' +
        'x-forwarded-port: 80\r\nforwarded: for=127.0.0.1;proto=http;host="a.example"\r\n\r\n',
    )
  })

  it('loses the fields of its connection, and those that Connection names, but never Host or Cookie', async () => {
    await using up = await scripted(({ socket }) => socket.write(ok()))
    await using on = await front(up.url, { forwarded: 'none' })

    on.client.send(
      'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: X-Own, Cookie, Host, keep-alive\r\nX-Own: 1\r\n' +
        'Cookie: a=b\r\nKeep-Alive: 5\r\nProxy-Authorization: x\r\nTE: gzip, trailers\r\nX-Kept: 1\r\n\r\n',
    )
    await on.client.response()
    expect(up.requests[0]?.head).toBe(
      'GET / HTTP/1.1\r\nhost: a.example\r\nconnection: keep-alive\r\ncookie: a=b\r\nx-kept: 1\r\nte: trailers\r\n\r\n',
    )
  })

  it('arrives with a short body in one piece, and Content-Length', async () => {
    await using up = await scripted(({ socket }) => socket.write(ok()))
    await using on = await front(up.url, { forwarded: 'none' })

    on.client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc')
    await on.client.response()
    expect(up.requests[0]?.head).toContain('content-length: 3\r\n')
    await until(() => up.bytes().endsWith('\r\n\r\nabc'), 'the body')
    expect(up.requests[0]?.head).not.toContain('transfer-encoding')
  })

  it('is answered for the server itself, if it is OPTIONS *', async () => {
    await using up = await scripted(({ socket }) => socket.write(ok()))
    await using on = await front(up.url)
    on.client.send('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await on.client.response()).status).toBe(204)
    expect(up.requests).toHaveLength(0)
  })
})

describe('a response', () => {
  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc', 'abc'],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      'abc',
    ],
    ['without a body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
    ['with status 204', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['with status 304', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', ''],
    ['with an unknown status', 'HTTP/1.1 599 Odd\r\nContent-Length: 1\r\n\r\nx', 'x'],
  ])('%s passes, and the connection to the client lives on', async (_name, bytes, body) => {
    await using up = await scripted(({ socket }) => socket.write(bytes))
    await using on = await front(up.url)
    for (let turn = 0; turn < 2; turn += 1) {
      on.client.send(GET)
      const response = await on.client.response()
      expect(response.body).toBe(body)
      expect(response.status).toBe(Number(bytes.slice(9, 12)))
    }
    expect(up.requests.map(({ connection }) => connection)).toEqual([0, 0])
  })

  it('that ends with its connection passes whole', async () => {
    await using up = await scripted(({ socket }) => socket.end('HTTP/1.1 200 OK\r\n\r\nabc'))
    await using on = await front(up.url)
    on.client.send(GET)
    expect((await on.client.response()).body).toBe('abc')
  })

  it('with status 304 and a length passes', async () => {
    await using up = await scripted(({ socket }) =>
      socket.write('HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'),
    )
    await using on = await front(up.url)
    for (let turn = 0; turn < 2; turn += 1) {
      on.client.send(GET)
      expect((await on.client.response()).status).toBe(304)
    }
    expect(on.lines.filter((line) => /^(warn|error)/.test(line))).toEqual([])
  })

  it('to HEAD keeps the length of the body that it has not', async () => {
    await using up = await scripted(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n'),
    )
    await using on = await front(up.url)
    on.client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    const head = await on.client.response('HEAD')
    expect(head.headers).toContainEqual(['content-length', '42'])
  })

  it('loses the fields of its connection, and keeps each Set-Cookie', async () => {
    await using up = await scripted(({ socket }) =>
      socket.write(
        ok(
          'ok',
          'Connection: X-Own\r\nX-Own: 1\r\nKeep-Alive: timeout=9\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n',
        ),
      ),
    )
    await using on = await front(up.url)
    on.client.send(GET)
    const { headers } = await on.client.response()
    const names = headers.map(([name]) => name)
    expect(names).not.toContain('x-own')
    expect(names).not.toContain('keep-alive')
    expect(headers.filter(([name]) => name === 'set-cookie')).toHaveLength(2)
  })

  it('leaves part by part, and its head before its body', async () => {
    let target: Socket | undefined
    await using up = await scripted(({ socket }) => {
      target = socket
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    })
    await using on = await front(up.url)
    on.client.send(GET)
    const head = await on.client.head()
    expect(head.status).toBe(200)
    for (const part of ['one', 'two']) {
      target!.write(`3\r\n${part}\r\n`)
      expect(await on.client.chunk()).toBe(part)
    }
    target!.write('0\r\n\r\n')
    expect(await on.client.chunk()).toBeNull()
  })

  it('passes its trailers to a client that takes them', async () => {
    await using up = await scripted(({ socket }) =>
      socket.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n',
      ),
    )
    await using on = await front(up.url)
    on.client.send('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n')
    const response = await on.client.response()
    expect(response.body).toBe('abc')
    expect(response.trailers).toEqual([['x-sum', '7']])
  })

  it('comes after its early hints; a 102 does not pass', async () => {
    await using up = await scripted(({ socket }) =>
      socket.write(
        'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n' +
          ok(),
      ),
    )
    await using on = await front(up.url)
    on.client.send(GET)
    const hint = await on.client.head()
    expect(hint.status).toBe(103)
    expect(hint.headers).toContainEqual(['link', '</a.css>; rel=preload'])
    expect((await on.client.response()).status).toBe(200)
  })

  it('before the end of the request reaches the client', async () => {
    await using up = await scripted(({ socket }) => socket.write(ok('no', 'Connection: close\r\n')))
    await using on = await front(up.url)
    on.client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc')
    expect((await on.client.response()).body).toBe('no')
  })
})

describe('a target that fails', () => {
  it('gets 502 if it accepts no connection, and the log says which and why', async () => {
    const port = await deadPort()
    await using on = await front(`http://127.0.0.1:${port}`)
    on.client.send(GET)
    expect((await on.client.response()).status).toBe(502)
    expect(on.lines.join('\n')).toContain(
      `http://127.0.0.1:${port} accepted no connection (ECONNREFUSED, attempt 2)`,
    )
  })

  it.each([
    ['closes before the head', (socket: Socket) => void socket.end()],
    ['closes within the head', (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\nA: b')],
    ['sends something else', (socket: Socket) => void socket.write('SSH-2.0-x\r\n\r\n')],
    [
      'announces two lengths',
      (socket: Socket) =>
        void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
    ],
    [
      'sends a coding that the client would not undo',
      (socket: Socket) =>
        void socket.write(
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
        ),
    ],
    [
      'changes the protocol unasked',
      (socket: Socket) =>
        void socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
        ),
    ],
  ])('gets 502 if it %s', async (_name, fail) => {
    await using up = await scripted(({ socket }) => fail(socket))
    await using on = await front(up.url)
    on.client.send(GET)
    expect((await on.client.response()).status).toBe(502)
    on.client.send(GET)
    expect((await on.client.response()).status).toBe(502)
    expect(on.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })

  it('gets 504 if it sends no head in time', async () => {
    await using up = await scripted(() => undefined)
    await using on = await front(up.url, { headTimeoutMs: 200 })
    on.client.send(GET)
    expect((await on.client.response()).status).toBe(504)
    expect(up.requests).toHaveLength(1)
    expect(on.lines.join()).toContain('sent no head in time')
  })

  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
  ])(
    'cuts the connection of the client if it breaks off within a response %s',
    async (_name, bytes) => {
      await using up = await scripted(({ socket }) => socket.end(bytes))
      await using on = await front(up.url)
      on.client.send(GET)
      const head = await on.client.head()
      await expect(on.client.body(head)).rejects.toThrow('did not come')
      expect(on.lines.join()).toContain('broke its response off')
    },
  )

  it('cuts the connection of the client if a response without a length is reset', async () => {
    await using up = await scripted(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nabc')
      setTimeout(() => socket.resetAndDestroy(), 50)
    })
    await using on = await front(up.url)
    on.client.send(GET)
    await on.client.head()
    await until(() => on.lines.join().includes('broke its response off'), 'the line of the log')
    expect(await on.client.ended()).not.toBe('open')
  })

  it('cuts the connection of the client if it stops within a response', async () => {
    await using up = await scripted(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
    )
    await using on = await front(up.url, { idleTimeoutMs: 200 })
    on.client.send(GET)
    const head = await on.client.head()
    await expect(on.client.body(head)).rejects.toThrow('did not come')
    expect(on.lines.join()).toContain('stopped within its response')
  })
})

describe('a client that leaves', () => {
  it('ends the request to the target at once, before the head', async () => {
    let isClosed = false
    await using up = await scripted(({ socket }) => void socket.on('end', () => (isClosed = true)))
    await using on = await front(up.url)
    on.client.send(GET)
    await until(() => up.requests.length === 1, 'the request')
    on.client.socket.destroy()
    await until(() => isClosed, 'the end of the connection')
    expect(on.app.stats().targets[0]?.inFlight).toBe(0)
  })

  it('ends the request to the target at once, within the response', async () => {
    let isClosed = false
    await using up = await scripted(({ socket }) => {
      socket.on('end', () => (isClosed = true))
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
    })
    await using on = await front(up.url)
    on.client.send(GET)
    expect((await on.client.head()).status).toBe(200)
    on.client.socket.destroy()
    await until(() => isClosed, 'the end of the connection')
  })

  it('within its body is no end of that body', async () => {
    let isClosed = false
    await using up = await scripted(({ socket }) => void socket.on('end', () => (isClosed = true)))
    await using on = await front(up.url)
    on.client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    await until(() => up.requests.length === 1, 'the request')
    on.client.socket.destroy()
    await until(() => isClosed, 'the end of the connection')
    expect(up.bytes()).not.toContain('\r\n0\r\n')
  })
})
