// httpsRedirect(): a request without TLS is redirected to https.

import { httpsRedirect } from '../../../../src/middleware.ts'
import { viewed } from '../row.ts'
import type { Row } from '../row.ts'

export const row: Row = {
  name: 'httpsRedirect',
  wrap: () => httpsRedirect({ except: ['/health'] }),
  ask: { secure: true },
  cases: [
    {
      title: 'redirects with the path and the query of the request, byte for byte',
      app: { app: 'view' },
      ask: { target: '/a%20b/%2e?c=%20d', headers: [['host', 'example.test:8000']] },
      expected: {
        status: 308,
        headers: [
          ['location', 'https://example.test/a%20b/%2e?c=%20d'],
          ['content-length', '0'],
        ],
        body: '',
      },
    },
    {
      title: 'lets a request over TLS through',
      app: { app: 'view' },
      ask: { secure: true },
      expected: viewed({ scheme: 'https' }),
    },
    {
      title: 'lets a request for a path of `except` through',
      app: { app: 'view' },
      ask: { target: '/health/live' },
      expected: viewed({ path: '/health/live' }),
    },
  ],
}
