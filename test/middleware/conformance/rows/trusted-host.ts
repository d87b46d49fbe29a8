// trustedHost(): a request for an unknown host is refused.

import { trustedHost } from '../../../../src/middleware.ts'
import { viewed } from '../row.ts'
import type { Row } from '../row.ts'

const text = (status: number, body: string): Row['cases'][number]['expected'] => ({
  status,
  headers: [
    ['content-type', 'text/plain; charset=utf-8'],
    ['content-length', String(body.length)],
  ],
  body,
})

export const row: Row = {
  name: 'trustedHost',
  wrap: () => trustedHost({ hosts: ['example.test', '*.example.org:8443'] }),
  cases: [
    {
      title: 'lets a request for a host of the list through',
      app: { app: 'view' },
      ask: { headers: [['host', 'Example.TEST.:8000']] },
      expected: viewed({ headers: { host: 'Example.TEST.:8000' } }),
    },
    {
      title: 'answers 421 for another host',
      app: { app: 'view' },
      ask: { headers: [['host', 'evil.test']] },
      expected: text(421, 'This host is not served here\n'),
    },
    {
      title: 'answers 400 for a Host that is malformed',
      app: { app: 'view' },
      ask: { headers: [['host', "a'b"]] },
      expected: text(400, 'Host is malformed\n'),
    },
  ],
}
