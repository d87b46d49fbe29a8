// timeout(): a response in time is as it would be without. What is late is in test/middleware/timeout.test.ts.

import { timeout } from '../../../../src/middleware.ts'
import { viewed } from '../row.ts'
import type { Row } from '../row.ts'

export const row: Row = {
  name: 'timeout',
  wrap: () => timeout({ timeoutMs: 60_000 }),
  cases: [
    {
      title: 'changes nothing of an exchange that is in time',
      app: { app: 'view' },
      expected: viewed({}),
    },
  ],
}
