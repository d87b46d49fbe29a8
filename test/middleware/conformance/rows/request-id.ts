// requestId(): the app and the client see the same id.

import { requestId } from '../../../../src/middleware.ts'
import { viewed } from '../row.ts'
import type { Row } from '../row.ts'

export const row: Row = {
  name: 'requestId',
  wrap: () => requestId({ generate: () => 'made-here' }),
  cases: [
    {
      title: 'makes an id for a request that has none',
      app: { app: 'view' },
      expected: viewed(
        {
          headers: { host: 'example.test', 'x-request-id': 'made-here' },
          state: { requestId: 'made-here' },
        },
        [['x-request-id', 'made-here']],
      ),
    },
    {
      title: 'keeps the id that a request has',
      app: { app: 'view' },
      ask: { headers: [['x-request-id', 'a/b-1']] },
      expected: viewed(
        {
          headers: { host: 'example.test', 'x-request-id': 'a/b-1' },
          state: { requestId: 'a/b-1' },
        },
        [['x-request-id', 'a/b-1']],
      ),
    },
    {
      title: 'replaces a malformed id',
      app: { app: 'view' },
      ask: { headers: [['x-request-id', '<script>']] },
      expected: viewed(
        {
          headers: { host: 'example.test', 'x-request-id': 'made-here' },
          state: { requestId: 'made-here' },
        },
        [['x-request-id', 'made-here']],
      ),
    },
  ],
}
