// accessLog(): the exchange does not change. The unit tests check the lines.

import { accessLog } from '../../../../src/middleware.ts'
import { viewed } from '../row.ts'
import type { Row } from '../row.ts'

export const row: Row = {
  name: 'accessLog',
  wrap: () => accessLog({ format: 'common', write: () => undefined }),
  cases: [
    { title: 'changes nothing', app: { app: 'view' }, expected: viewed({}) },
    {
      title: 'passes on a streamed body',
      app: { app: 'streamed', chunks: ['one ', 'two'] },
      expected: { status: 200, headers: [['transfer-encoding', 'chunked']], body: 'one two' },
    },
    {
      title: 'leaves a response cut if the app breaks it off',
      app: { app: 'failing', message: 'broken', chunks: ['one'] },
      expected: { status: 200, headers: [['transfer-encoding', 'chunked']], body: null },
      gaps: { websocket: 'a handshake arrives whole or not at all' },
    },
  ],
}
