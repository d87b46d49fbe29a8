// A response on the way to the client.

import { setTimeout as sleep } from 'node:timers/promises'
import { statusOf, takeHead, takeResponse } from '../message.ts'
import { fields, orEnding, outcomeOf, passing, returned } from '../looks.ts'
import { get, head } from '../request.ts'
import { answer, responds, respondsAndEnds } from '../scripts.ts'
import type { CaseGroup, ComparedCase } from '../case.ts'
import type { Message } from '../message.ts'

const CHUNKED = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')

/** A case whose upstream answers with these bytes. */
const passed = (
  name: string,
  bytes: string,
  pick: (response: Message) => string,
  rest: Partial<ComparedCase> = {},
): ComparedCase => ({
  name,
  upstreams: [responds(bytes)],
  look: returned(get('/'), pick),
  ...rest,
})

export const responses: CaseGroup = {
  title: 'A response',
  cases: [
    passed('a field that Connection names', answer('ok', 'Connection: X-Hop', 'X-Hop: 1'), (got) =>
      passing(got, 'x-hop'),
    ),
    passed(
      'Connection: Content-Type, Set-Cookie',
      answer('ok', 'Connection: Content-Type, Set-Cookie', 'Content-Type: a/b', 'Set-Cookie: a=1'),
      (got) => passing(got, 'content-type', 'set-cookie'),
    ),
    passed(
      'Keep-Alive, Proxy-Authenticate, Upgrade, Trailer',
      answer('ok', 'Keep-Alive: timeout=9', 'Proxy-Authenticate: a', 'Upgrade: b', 'Trailer: c'),
      (got) => passing(got, 'keep-alive', 'proxy-authenticate', 'upgrade', 'trailer'),
    ),
    passed(
      'Server and Date',
      answer('ok', 'Server: up', 'Date: Sun, 06 Nov 1994 08:49:37 GMT'),
      (got) =>
        fields(got, 'server', 'date').replace(/date: (?!Sun, 06 Nov 1994).*/, 'date: of the proxy'),
    ),
    passed('Server and Date, if the upstream sends none', answer(), (got) =>
      fields(got, 'server', 'date').replace(/date: .*/, 'date: of the proxy'),
    ),
    passed('Set-Cookie in two fields', answer('ok', 'Set-Cookie: a=1', 'Set-Cookie: b=2'), (got) =>
      fields(got, 'set-cookie'),
    ),
    passed(
      'the spelling of X-CamelCase',
      answer('ok', 'X-CamelCase: 1'),
      ({ lines }) => lines.find((line) => /^x-camelcase/i.test(line)) ?? 'removed',
    ),
    passed('bytes above 127 in a value', answer('ok', 'X-Name: caf\xe9'), (got) =>
      fields(got, 'x-name') === 'x-name: caf\xe9' ? 'the same bytes' : fields(got, 'x-name'),
    ),
    passed('the reason phrase', answer().replace('OK', 'Very Fine'), ({ start }) => start),
    {
      name: 'HEAD with Content-Length: 5',
      upstreams: [responds(head('HTTP/1.1 200 OK', 'Content-Length: 5'))],
      look: sameAfter(head('HEAD / HTTP/1.1', 'Host: a')),
    },
    {
      name: 'HEAD with Transfer-Encoding: chunked',
      upstreams: [responds(CHUNKED)],
      look: sameAfter(head('HEAD / HTTP/1.1', 'Host: a')),
    },
    {
      name: '204',
      upstreams: [responds(head('HTTP/1.1 204 No Content'))],
      look: sameAfter(get('/')),
    },
    {
      name: '304 with Content-Length: 5',
      upstreams: [responds(head('HTTP/1.1 304 Not Modified', 'Content-Length: 5', 'ETag: "a"'))],
      look: sameAfter(get('/')),
    },
    passed('a body in chunks', `${CHUNKED}2\r\nhi\r\n0\r\n\r\n`, framing),
    {
      name: 'a body in chunks, for a client of HTTP/1.0',
      upstreams: [responds(`${CHUNKED}2\r\nhi\r\n0\r\n\r\n`)],
      look: returned(head('GET / HTTP/1.0', 'Host: a'), framing),
    },
    passed('a body up to the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nhi', framing, {
      upstreams: [respondsAndEnds('HTTP/1.1 200 OK\r\n\r\nhi')],
    }),
    passed('an answer of HTTP/1.0', '', framing, {
      upstreams: [respondsAndEnds('HTTP/1.0 200 OK\r\n\r\nhi')],
    }),
    {
      name: 'trailers, with TE: trailers of the client',
      upstreams: [responds(`${CHUNKED}2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n`)],
      look: returned(get('/', 'TE: trailers'), trailers),
    },
    {
      name: 'trailers, without it',
      upstreams: [responds(`${CHUNKED}2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n`)],
      look: returned(get('/'), trailers),
    },
    {
      name: 'the first chunk, before the upstream sends the second',
      upstreams: [
        async ({ wire, request }) => {
          await request()
          wire.send(`${CHUNKED}5\r\nfirst\r\n`)
          await wire.ended()
        },
      ],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(get('/'))
        return orEnding(async () => {
          await wire.until('first')
          return 'arrives'
        })
      },
    },
    {
      name: 'the head, before the upstream sends a body',
      upstreams: [
        async ({ wire, request }) => {
          await request()
          wire.send(CHUNKED)
          await wire.ended()
        },
      ],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(get('/'))
        return orEnding(async () => {
          await takeHead(wire)
          return 'arrives'
        })
      },
    },
    informed('103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'),
    informed('102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'),
    informed('100 Continue without Expect', 'HTTP/1.1 100 Continue\r\n\r\n'),
    passed(
      '101 to a request without Upgrade',
      head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: x'),
      outcomeOf,
      { timeoutMs: 1_500 },
    ),
    passed('204 with a body, then the next request', '', outcomeOf, {
      upstreams: [responds(`${head('HTTP/1.1 204 No Content', 'Content-Length: 2')}hi`)],
      look: sameAfter(get('/')),
    }),
  ],
}

function framing(got: Message): string {
  const lines = fields(got, 'content-length', 'transfer-encoding')
  const by = lines === 'removed' ? 'up to the end' : lines
  return `${outcomeOf(got)}; ${by}; body "${got.body}"`
}

function trailers({ trailers: lines }: Message): string {
  return lines.join('; ') || 'removed'
}

/** Sends a request twice on one connection, and says how the first answer is framed and whether the second is right. */
function sameAfter(request: string): ComparedCase['look'] {
  const method = request.split(' ', 1)[0]
  return async ({ client }) => {
    const wire = await client()
    wire.send(request)
    const first = await takeResponse(wire, method)
    const lines = fields(first, 'content-length', 'transfer-encoding')
    wire.send(request)
    const next = await orEnding(async () => String(statusOf(await takeResponse(wire, method))))
    return `${statusOf(first)}; ${lines === 'removed' ? 'no framing' : lines}; next ${next}`
  }
}

function informed(name: string, bytes: string): ComparedCase {
  return {
    name,
    timeoutMs: 3_000,
    upstreams: [
      async ({ wire, request }) => {
        await request()
        wire.send(bytes)
        await sleep(100)
        wire.send(answer())
        await wire.ended()
      },
    ],
    look: async ({ client }) => {
      const wire = await client()
      wire.send(get('/'))
      const statuses: number[] = []
      while (statuses.every((status) => status < 200)) statuses.push(statusOf(await takeHead(wire)))
      return statuses.join(', then ')
    },
  }
}
