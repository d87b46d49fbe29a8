// accessLog(): nothing of the exchange changes, and each has its line. The lines are in the unit tests.

import { accessLog } from '../../../../src/middleware.ts'
import { viewed } from '../row.ts'
import type { Row } from '../row.ts'

export const row: Row = {
  name: 'accessLog',
  wrap: () => accessLog({ format: 'common', write: () => undefined }),
  cases: [
    { title: 'changes nothing', app: { app: 'view' }, expected: viewed({}) },
    {
      title: 'passes on what is streamed',
      app: { app: 'streamed', chunks: ['one ', 'two'] },
      expected: { status: 200, headers: [['transfer-encoding', 'chunked']], body: 'one two' },
    },
    {
      title: 'leaves a response cut that an app broke off',
      app: { app: 'failing', message: 'broken', chunks: ['one'] },
      expected: { status: 200, headers: [['transfer-encoding', 'chunked']], body: null },
      gaps: { websocket: 'a handshake is whole or not there' },
    },
  ],
}
