// securityHeaders(): pages have the fields, and a field of the app stays.

import { securityHeaders } from '../../../../src/middleware.ts'
import { handshakesOnly } from '../row.ts'
import type { HeaderPairs } from 'isthmus'
import type { Row } from '../row.ts'

const FIVE: [string, string] = ['content-length', '5']
const TYPE: [string, string] = ['content-type', 'text/html']
const NO_PAGE = { websocket: 'an accepted handshake has no page to protect: the last case' }
const FIELDS: HeaderPairs = [
  ['content-security-policy', "default-src 'self';img-src 'self' /"],
  ['strict-transport-security', 'max-age=60'],
  ['cross-origin-resource-policy', 'same-site'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
]

export const row: Row = {
  name: 'securityHeaders',
  wrap: () =>
    securityHeaders({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'self'"], imgSrc: ["'self'", (request) => request.path] },
      },
      strictTransportSecurity: { maxAgeMs: 60_999, includeSubDomains: false },
      crossOriginOpenerPolicy: false,
      crossOriginResourcePolicy: 'same-site',
      originAgentCluster: false,
      xDnsPrefetchControl: false,
      xDownloadOptions: false,
      xFrameOptions: false,
      xPermittedCrossDomainPolicies: false,
      xXssProtection: false,
    }),
  cases: [
    {
      title: 'adds its fields, and removes X-Powered-By',
      app: { app: 'whole', headers: [TYPE, FIVE, ['x-powered-by', 'Coffee']], chunks: ['seats'] },
      expected: { status: 200, headers: [TYPE, FIVE, ...FIELDS], body: 'seats' },
      gaps: NO_PAGE,
    },
    {
      title: 'keeps the fields of the app, of a stream too',
      app: {
        app: 'streamed',
        headers: [TYPE, ...FIELDS.slice(1), ['content-security-policy', "default-src 'none'"]],
        chunks: ['se', 'ats'],
      },
      expected: {
        status: 200,
        headers: [
          TYPE,
          ...FIELDS.slice(1),
          ['content-security-policy', "default-src 'none'"],
          ['transfer-encoding', 'chunked'],
        ],
        body: 'seats',
      },
      gaps: NO_PAGE,
    },
    {
      title: 'leaves an accepted handshake alone',
      app: { app: 'whole', headers: [['x-powered-by', 'Coffee']], chunks: ['seats'] },
      expected: { status: 200, headers: [['x-powered-by', 'Coffee']], body: 'seats' },
      gaps: handshakesOnly('a page has the fields: the first case'),
    },
  ],
}
