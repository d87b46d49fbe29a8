// conditionalGet(): a whole body has a tag, and a client that has the response gets a 304.

import { conditionalGet } from '../../../../src/middleware.ts'
import { handshakesOnly } from '../row.ts'
import type { Row } from '../row.ts'

const FIVE: [string, string] = ['content-length', '5']
const TYPE: [string, string] = ['content-type', 'text/plain']
const OWN: [string, string] = ['etag', '"7"']
/** The length and the hash of `seats`, as Express writes them. */
const TAG = 'W/"5-BdVg/v0veHOuE+aDJYVlcw261TM"'
const NO_BODY = { websocket: 'a handshake has no body to compare' }

export const row: Row = {
  name: 'conditionalGet',
  wrap: () => conditionalGet(),
  cases: [
    {
      title: 'gives a whole body a tag',
      app: { app: 'whole', headers: [TYPE, FIVE], chunks: ['seats'] },
      expected: { status: 200, headers: [TYPE, FIVE, ['etag', TAG]], body: 'seats' },
      gaps: NO_BODY,
    },
    {
      title: 'answers 304, without the fields of the content, to a client that has the body',
      app: { app: 'whole', headers: [TYPE, FIVE, ['vary', 'Cookie']], chunks: ['seats'] },
      ask: { headers: [['if-none-match', `"other", ${TAG}`]] },
      expected: {
        status: 304,
        headers: [
          ['vary', 'Cookie'],
          ['etag', TAG],
        ],
        body: '',
      },
      gaps: NO_BODY,
    },
    {
      title: 'answers 304 for a stream with an own tag',
      app: { app: 'streamed', headers: [TYPE, OWN], chunks: ['se', 'ats'] },
      ask: { headers: [['if-none-match', 'W/"7"']] },
      expected: { status: 304, headers: [OWN], body: '' },
      gaps: NO_BODY,
    },
    {
      title: 'leaves a WebSocket alone',
      app: { app: 'whole', headers: [OWN], chunks: ['seats'] },
      ask: { headers: [['if-none-match', '*']] },
      expected: { status: 200, headers: [OWN], body: 'seats' },
      gaps: handshakesOnly('the tag of a page is compared: the case above'),
    },
  ],
}
