// basicAuth(): a request without the right password gets a challenge.

import { basicAuth } from '../../../../src/middleware.ts'
import { viewed } from '../row.ts'
import type { HeaderPairs } from 'isthmus'
import type { Answer, Row } from '../row.ts'

const authorization = (pair: string): HeaderPairs => [
  ['authorization', `Basic ${Buffer.from(pair).toString('base64')}`],
]

const CHALLENGED: Answer = {
  status: 401,
  headers: [
    ['www-authenticate', 'Basic realm="The \\"Globe\\"", charset="UTF-8"'],
    ['content-type', 'text/plain; charset=utf-8'],
    ['content-length', '34'],
  ],
  body: 'A name and a password are needed.\n',
}

export const row: Row = {
  name: 'basicAuth',
  wrap: () => basicAuth({ users: { box: 'öffne:dich' }, realm: 'The "Globe"' }),
  ask: { headers: authorization('box:öffne:dich') },
  cases: [
    {
      title: 'challenges a request without credentials',
      app: { app: 'view' },
      expected: CHALLENGED,
    },
    {
      title: 'challenges a wrong password',
      app: { app: 'view' },
      ask: { headers: authorization('box:office') },
      expected: CHALLENGED,
    },
    {
      title: 'lets a user through',
      app: { app: 'view' },
      ask: { headers: authorization('box:öffne:dich') },
      expected: viewed({
        headers: {
          authorization: authorization('box:öffne:dich')[0]?.[1] ?? '',
          host: 'example.test',
        },
        state: { user: 'box' },
        auth: ['Basic', 'box'],
      }),
    },
  ],
}
