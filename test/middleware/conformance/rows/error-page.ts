// errorPage(): answers if the app fails before its response has begun.

import { errorPage } from '../../../../src/middleware.ts'
import { handshakesOnly, viewed } from '../row.ts'
import type { HeaderPairs } from 'isthmus'
import type { Row } from '../row.ts'

function headOf(type: string, length: number): HeaderPairs {
  return [
    ['content-type', type],
    ['content-length', String(length)],
    ['cache-control', 'no-store'],
    ['x-content-type-options', 'nosniff'],
    ['content-security-policy', "default-src 'none'; style-src 'unsafe-inline'"],
  ]
}

export const row: Row = {
  name: 'errorPage',
  wrap: () => errorPage({ development: false }),
  cases: [
    {
      title: 'changes nothing of a response',
      app: { app: 'view' },
      expected: viewed({}),
    },
    {
      title: 'answers in plain text if the app fails',
      app: { app: 'failing', message: 'a secret' },
      expected: {
        status: 500,
        headers: headOf('text/plain; charset=utf-8', 22),
        body: 'Internal Server Error\n',
      },
      gaps: { websocket: 'a denial ends its connection: the next case' },
    },
    {
      title: 'denies a handshake if the app fails',
      app: { app: 'failing', message: 'a secret' },
      expected: {
        status: 500,
        headers: [...headOf('text/plain; charset=utf-8', 22), ['connection', 'close']],
        body: 'Internal Server Error\n',
      },
      gaps: handshakesOnly('the connection of a request goes on: the case before'),
    },
    {
      title: 'answers with problem details if the client accepts them',
      app: { app: 'failing', message: 'a secret' },
      ask: { headers: [['accept', 'application/problem+json']] },
      expected: {
        status: 500,
        headers: headOf('application/problem+json', 46),
        body: '{"title":"Internal Server Error","status":500}',
      },
      gaps: { websocket: 'a denied handshake is shown to no user: it is plain text' },
    },
    {
      title: 'cuts a response that has begun',
      app: { app: 'failing', message: 'a secret', chunks: ['half'] },
      expected: { status: 200, headers: [['transfer-encoding', 'chunked']], body: null },
      gaps: { websocket: 'an accepted handshake cannot fail any more' },
    },
  ],
}
