// WebSockets, message by message.

import { statusOf, takeHead, takeResponse } from '../message.ts'
import { fields, orEnding, outcomeOf, passing } from '../looks.ts'
import { get, head } from '../request.ts'
import { respondsAndEnds } from '../scripts.ts'
import { closing, next, openSocket, webSockets } from '../web-socket.ts'
import type { WebSocket } from 'ws'
import type { CaseGroup, ComparedCase, Place } from '../case.ts'

const MIB = 1024 * 1024
const HANDSHAKE = get(
  '/ws',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
)

const echo = webSockets((socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})

/** A case with an open socket through the proxy. */
const opened = (
  name: string,
  look: (socket: WebSocket, place: Place) => Promise<string>,
  upstream: ComparedCase['upstreams'] = [echo],
): ComparedCase => ({
  name,
  upstreams: upstream,
  look: async (place) => {
    const socket = await openSocket(place)
    try {
      return await look(socket, place)
    } finally {
      socket.terminate()
    }
  },
})

/** A case whose upstream answers the handshake with these bytes and ends. */
const denied = (name: string, bytes: string | null): ComparedCase => ({
  name,
  upstreams: [bytes === null ? null : respondsAndEnds(bytes)],
  look: async ({ client }) => {
    const wire = await client()
    wire.send(HANDSHAKE)
    return orEnding(async () => {
      const response = await takeResponse(wire)
      // The text of a proxy's own refusal is of no interest.
      const isOwn = statusOf(response) >= 500
      return isOwn ? outcomeOf(response) : `${outcomeOf(response)}, body "${response.body}"`
    })
  },
})

export const webSocketCases: CaseGroup = {
  title: 'WebSocket',
  cases: [
    opened('a text message, there and back', async (socket) => {
      socket.send('héllo')
      const [data, isBinary] = await next(socket, 'message')
      return `${isBinary === true ? 'binary' : 'text'} "${String(data)}"`
    }),
    opened('a binary message of 1 MiB, there and back', async (socket) => {
      socket.send(Buffer.alloc(MIB, 7))
      const [data, isBinary] = await next(socket, 'message')
      return `${isBinary === true ? 'binary' : 'text'}, ${(data as Buffer).length} bytes`
    }),
    opened('a message in three fragments', async (socket) => {
      socket.send('a', { fin: false })
      socket.send('b', { fin: false })
      socket.send('c', { fin: true })
      const [data] = await next(socket, 'message')
      return `"${String(data)}"`
    }),
    opened('1,000 messages, in order', async (socket) => {
      const got: string[] = []
      socket.on('message', (data) => got.push((data as Buffer).toString()))
      for (let at = 0; at < 1_000; at += 1) socket.send(String(at))
      while (got.length < 1_000) await next(socket, 'message')
      return got.every((text, at) => text === String(at)) ? 'in order' : 'not in order'
    }),
    {
      name: 'the subprotocol that the upstream chooses',
      upstreams: [webSockets(() => {}, { handleProtocols: () => 'b' })],
      look: async (place) => {
        const socket = await openSocket(place, {}, ['a', 'b'])
        socket.terminate()
        return socket.protocol
      },
    },
    {
      name: 'permessage-deflate, offered by the client and taken by the upstream',
      upstreams: [webSockets(() => {}, { perMessageDeflate: true })],
      look: async (place) => {
        const socket = await openSocket(place, { perMessageDeflate: true })
        socket.terminate()
        return socket.extensions === '' ? 'not used' : 'used'
      },
    },
    {
      name: 'Cookie, Origin, Authorization, X-Forwarded-For of a client',
      upstreams: [
        async ({ wire, request }) => {
          await request()
          wire.end(head('HTTP/1.1 403 Forbidden', 'Content-Length: 0'))
        },
      ],
      look: async ({ client, upstream }) => {
        const wire = await client()
        const more = [
          'Cookie: a=1',
          'Origin: http://a',
          'Authorization: b',
          'X-Forwarded-For: 6.6.6.6',
        ]
        wire.send(HANDSHAKE.replace('\r\n\r\n', `\r\n${more.join('\r\n')}\r\n\r\n`))
        await takeHead(wire)
        const [got] = upstream.requests
        if (got === undefined) return 'not asked'
        return `${passing(got, 'cookie', 'origin', 'authorization')}; ${fields(got, 'x-forwarded-for')}`
      },
    },
    denied(
      'the upstream denies with 403 and a body',
      `${head('HTTP/1.1 403 Forbidden', 'Content-Length: 2')}no`,
    ),
    denied('the upstream answers 200', `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`),
    denied(
      'the upstream answers 101 with a wrong Sec-WebSocket-Accept',
      head(
        'HTTP/1.1 101 Switching Protocols',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
      ),
    ),
    denied('the upstream ends before an answer', ''),
    denied('the upstream refuses connections', null),
    {
      name: 'Sec-WebSocket-Version: 12',
      upstreams: [echo],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(HANDSHAKE.replace('Version: 13', 'Version: 12'))
        const response = await takeHead(wire)
        return `${response.start.split(' ')[1] ?? ''}; ${fields(response, 'sec-websocket-version')}`
      },
    },
    opened(
      'close 4001 "bye" of the upstream',
      async (socket) => closing(await next(socket, 'close')),
      [
        webSockets((socket) => {
          setTimeout(() => socket.close(4001, 'bye'), 100)
        }),
      ],
    ),
    closedByClient('close 4001 "bye" of the client', (socket) => socket.close(4001, 'bye')),
    closedByClient('a close of the client without a code', (socket) => socket.close()),
    closedByClient('the client dies', (socket) => socket.terminate()),
    opened('the upstream dies', async (socket) => closing(await next(socket, 'close')), [
      webSockets((socket) => {
        setTimeout(() => socket.terminate(), 100)
      }),
    ]),
    opened('a ping of the client', async (socket, { upstream }) => {
      const before = upstream.wires.length
      socket.ping('a')
      const [data] = await next(socket, 'pong')
      return `pong "${String(data)}"; ${before} connection`
    }),
    {
      ...opened('a silence of three timeouts', async (socket) => {
        const closed = next(socket, 'close').then(closing)
        const alive = new Promise<string>((resolve) => {
          setTimeout(() => resolve('stays open'), 2_400)
        })
        closed.catch(() => {})
        return Promise.race([closed, alive])
      }),
      timeoutMs: 800,
    },
    {
      name: 'an unmasked frame of the client',
      upstreams: [echo],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(HANDSHAKE)
        await takeHead(wire)
        wire.send('\x81\x02hi')
        const bytes = await wire.rest()
        return bytes.startsWith('\x88')
          ? `close ${bytes.charCodeAt(2) * 256 + bytes.charCodeAt(3)}`
          : 'ends'
      },
    },
  ],
}

/** A case in which the client ends: the upstream sees the close. */
function closedByClient(name: string, close: (socket: WebSocket) => void): ComparedCase {
  let saw: Promise<string> = Promise.resolve('')
  const upstream = webSockets((socket) => {
    saw = next(socket, 'close').then(closing)
    saw.catch(() => {})
    socket.on('message', () => socket.send('ready'))
  })
  return {
    name,
    upstreams: [upstream],
    look: async (place) => {
      const socket = await openSocket(place)
      socket.send('ready?')
      await next(socket, 'message')
      close(socket)
      return saw
    },
  }
}
