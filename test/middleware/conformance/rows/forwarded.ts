// forwarded(): the facts of trusted proxies are taken, those of other peers are removed.

import { forwarded } from '../../../../src/middleware.ts'
import { viewed } from '../row.ts'
import type { Row } from '../row.ts'

const HOST = 'example.test'

export const row: Row = {
  name: 'forwarded',
  wrap: () => forwarded({ trust: ['loopback', '10.0.0.0/8'], take: ['for', 'proto', 'host'] }),
  cases: [
    {
      title: 'reads the addresses from the right, up to the first that is not a proxy',
      app: { app: 'view' },
      ask: { headers: [['x-forwarded-for', '6.6.6.6, 192.0.2.7, 10.1.2.3']] },
      expected: viewed({
        client: '192.0.2.7:0',
        headers: { host: HOST, 'x-forwarded-for': '6.6.6.6, 192.0.2.7, 10.1.2.3' },
      }),
    },
    {
      title: 'takes the scheme and the host',
      app: { app: 'view' },
      ask: {
        headers: [
          ['x-forwarded-proto', 'https'],
          ['x-forwarded-host', 'shop.test'],
        ],
      },
      expected: viewed({
        scheme: 'https',
        headers: {
          host: 'shop.test',
          'x-forwarded-host': 'shop.test',
          'x-forwarded-proto': 'https',
        },
      }),
    },
    {
      title: 'removes the fields of other peers',
      app: { app: 'view' },
      ask: {
        client: ['192.0.2.1', 4711],
        headers: [
          ['x-forwarded-for', '127.0.0.1'],
          ['x-forwarded-proto', 'https'],
          ['forwarded', 'for=127.0.0.1'],
        ],
      },
      expected: viewed({ client: '192.0.2.1:4711' }),
    },
  ],
}
