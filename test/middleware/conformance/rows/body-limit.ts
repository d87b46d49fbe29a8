// bodyLimit(): a longer body is refused, with a length and without.

import { bodyLimit } from '../../../../src/middleware.ts'
import type { Row } from '../row.ts'

const NO_BODY = { websocket: 'a handshake has no body' }

export const row: Row = {
  name: 'bodyLimit',
  wrap: () => bodyLimit({ maxBytes: 10 }),
  cases: [
    {
      title: 'lets a body within the limit through',
      app: { app: 'echo' },
      ask: { method: 'POST', body: '0123456789' },
      expected: {
        status: 200,
        headers: [
          ['content-type', 'text/plain'],
          ['content-length', '10'],
        ],
        body: '0123456789',
      },
      gaps: NO_BODY,
    },
    {
      title: 'refuses a longer body with a length',
      app: { app: 'failing', message: 'never called' },
      ask: { method: 'POST', body: '0123456789+' },
      expected: refused(),
      gaps: NO_BODY,
    },
    {
      title: 'refuses a longer body without a length, at the read',
      app: { app: 'echo' },
      ask: { method: 'POST', headers: [['transfer-encoding', 'chunked']], body: '0123456789+' },
      expected: refused(),
      gaps: NO_BODY,
    },
  ],
}

function refused(): Row['cases'][number]['expected'] {
  return {
    status: 413,
    headers: [
      ['content-type', 'text/plain; charset=utf-8'],
      ['content-length', '18'],
      ['connection', 'close'],
    ],
    body: 'Payload Too Large\n',
  }
}
