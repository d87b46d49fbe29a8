// cors(): preflights are answered, responses name the origin that may read them, foreign handshakes are denied.

import { cors } from '../../../../src/middleware.ts'
import { handshakesOnly } from '../row.ts'
import type { HeaderPairs } from 'isthmus'
import type { Row } from '../row.ts'

const SHOP = 'https://shop.example'
const FIVE: [string, string] = ['content-length', '5']
const TEXT: [string, string] = ['content-type', 'text/plain']
const NO_PREFLIGHT = { websocket: 'a browser sends no preflight for a WebSocket' }
const SHARED: HeaderPairs = [
  ['access-control-allow-origin', SHOP],
  ['access-control-allow-credentials', 'true'],
]

export const row: Row = {
  name: 'cors',
  wrap: () => cors({ origins: [SHOP], credentials: true, methods: ['PUT'] }),
  cases: [
    {
      title: 'names an allowed origin, and adds to the Vary of the app',
      app: { app: 'whole', headers: [TEXT, FIVE, ['vary', 'Cookie']], chunks: ['seats'] },
      ask: { headers: [['origin', SHOP]] },
      expected: {
        status: 200,
        headers: [TEXT, FIVE, ['vary', 'Cookie, Origin'], ...SHARED],
        body: 'seats',
      },
    },
    {
      title: 'only varies if the request has no origin',
      app: { app: 'whole', headers: [TEXT, FIVE], chunks: ['seats'] },
      expected: {
        status: 200,
        headers: [TEXT, FIVE, ['vary', 'Origin']],
        body: 'seats',
      },
    },
    {
      title: 'answers a preflight before the app runs',
      app: { app: 'failing', message: 'never called' },
      ask: {
        method: 'OPTIONS',
        headers: [
          ['origin', SHOP],
          ['access-control-request-method', 'PUT'],
          ['access-control-request-headers', 'x-seat'],
        ],
      },
      expected: {
        status: 204,
        headers: [
          ['access-control-allow-methods', 'PUT'],
          ['access-control-max-age', '600'],
          ['vary', 'Access-Control-Request-Headers, Origin'],
          ['access-control-allow-headers', 'x-seat'],
          ...SHARED,
        ],
        body: '',
      },
      gaps: NO_PREFLIGHT,
    },
    {
      title: 'allows no other origin to read',
      app: { app: 'whole', headers: [TEXT, FIVE], chunks: ['seats'] },
      ask: { headers: [['origin', 'https://evil.example']] },
      expected: {
        status: 200,
        headers: [TEXT, FIVE, ['vary', 'Origin']],
        body: 'seats',
      },
      gaps: { websocket: 'a handshake of another origin is denied: the next case' },
    },
    {
      title: 'denies the handshake of another origin',
      app: { app: 'failing', message: 'never called' },
      ask: { headers: [['origin', 'https://evil.example']] },
      expected: {
        status: 403,
        headers: [
          ['vary', 'Origin'],
          ['connection', 'close'],
        ],
        body: 'This origin is not allowed.\n',
      },
      gaps: handshakesOnly(
        'a request of another origin reaches the app; the browser hides the response from the page',
      ),
    },
  ],
}
