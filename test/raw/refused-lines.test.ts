// Requests that the server refuses by itself: no middleware sees them, and the log has one line for each.

import { connect } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { accessLog } from 'isthmus/middleware'
import { answer, httpApp, served } from './served.ts'
import type { Log } from 'isthmus'
import type { Served } from './served.ts'

const CASES: Array<[status: number, request: string, says: string | RegExp]> = [
  [400, 'GET / HTTP/1.1\r\nhost: x\r\nbad name: 1\r\n\r\n', /^- - 400 refused: ./],
  [
    400,
    'GET /%00?key=secret HTTP/1.1\r\nhost: x\r\n\r\n',
    /^GET \/%00 400 refused: the request path/,
  ],
  [413, 'POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n', /^POST \/up 413 refused: ./],
  [414, `GET /${'a'.repeat(300)} HTTP/1.1\r\nhost: x\r\n\r\n`, /^- - 414 refused: ./],
  [431, `GET / HTTP/1.1\r\nhost: x\r\nbig: ${'a'.repeat(2_000)}\r\n\r\n`, /^- - 431 refused: ./],
  [501, 'CONNECT x:80 HTTP/1.1\r\nhost: x:80\r\n\r\n', / 501 refused: ./],
  [505, 'GET / HTTP/3.0\r\nhost: x\r\n\r\n', /^- - 505 refused: ./],
  [
    400,
    'GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: x\r\n\r\n',
    /^WEBSOCKET \/ws 400 refused: ./,
  ],
]

/** Sends `bytes`, and returns all bytes that come back. */
async function exchange({ server }: Served, bytes: string): Promise<string> {
  const { port } = server.address as { port: number }
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  await once(socket, 'close', { signal: AbortSignal.timeout(30_000) })
  return text
}

describe('a refused request', () => {
  it('has one line with the fields of the access log', async () => {
    const lines: Array<[fields: Record<string, unknown>, message: string]> = []
    const push = (fields: Record<string, unknown>, message: string): void => {
      lines.push([fields, message])
    }
    const ignore = (): void => undefined
    const log: Log = { debug: ignore, info: push, warn: push, error: push }
    const app = accessLog()(httpApp((_scope, _receive, send) => answer(send, 'served')))
    const limits = {
      maxRequestLineBytes: 256,
      maxHeadBytes: 1_024,
      maxBodyBytes: 10,
      headTimeoutMs: 300,
    }
    await using one = await served(app, { log, ...limits })

    for (const [status, request, says] of CASES) {
      lines.length = 0
      const text = await exchange(one, request)
      expect(text).toMatch(`HTTP/1.1 ${status} `)
      expect(lines.map(([, message]) => message)).toEqual([expect.stringMatching(says)])
      expect(lines[0]?.[0]).toMatchObject({
        status,
        outcome: 'refused',
        client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      })
      expect(JSON.stringify(lines)).not.toContain('secret')
    }

    lines.length = 0
    expect(await exchange(one, 'GET / HTTP/1.1\r\nhost')).toMatch('HTTP/1.1 408 ')
    expect(lines).toMatchObject([[{ status: 408, method: null }, /^- - 408 refused: ./]])
  })

  it('does not have a second line if the app runs already', async () => {
    const app = accessLog()(
      httpApp(async (_scope, receive) => {
        for (;;) if ((await receive()).type === 'http.disconnect') return
      }),
    )
    await using one = await served(app)
    const head = 'POST /b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n'
    expect(await exchange(one, `${head}nonsense\r\n`)).toMatch('HTTP/1.1 400 ')
    expect(one.lines.filter((line) => line.startsWith('info'))).toEqual(['info: POST /b 400'])
  })
})
