// timeout(): a response in time does not change. Late responses are in test/middleware/timeout.test.ts.

import { timeout } from '../../../../src/middleware.ts'
import { viewed } from '../row.ts'
import type { Row } from '../row.ts'

export const row: Row = {
  name: 'timeout',
  wrap: () => timeout({ timeoutMs: 60_000 }),
  cases: [
    {
      title: 'does not change an exchange that is in time',
      app: { app: 'view' },
      expected: viewed({}),
    },
  ],
}
