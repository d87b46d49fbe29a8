// compress(): the body decodes to the body of the app, and the head names the coding.

import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { compress } from '../../../../src/middleware.ts'
import type { HeaderPairs } from 'isthmus'
import type { Answer, Row } from '../row.ts'

const TEXT = 'All work and no play makes Jack a dull boy. '.repeat(50)
const FIVE: [string, string] = ['content-length', '5']
const TYPE: [string, string] = ['content-type', 'text/plain']
const NO_BODY = { websocket: 'a handshake has no body; messages have permessage-deflate' }

/** The answer with its body decoded, and without the length, which depends on the version of the encoder. */
function decoded(answer: Answer): Answer {
  const bytes = Buffer.from(answer.body ?? '', 'latin1')
  const isGzip = answer.headers.some(([, value]) => value === 'gzip')
  const body = (isGzip ? gunzipSync(bytes) : brotliDecompressSync(bytes)).toString()
  const headers = answer.headers.filter(([name]) => name !== 'content-length')
  return { ...answer, headers, body }
}

function coded(coding: string, ...others: HeaderPairs): HeaderPairs {
  return [TYPE, ...others, ['vary', 'Accept-Encoding'], ['content-encoding', coding]]
}

export const row: Row = {
  name: 'compress',
  wrap: () => compress({ codings: ['br', 'gzip'] }),
  touchesBody: 'a coding changes the bytes of a body',
  ask: { headers: [['accept-encoding', 'gzip']] },
  cases: [
    {
      title: 'sends a whole body in the coding that the client likes best, with a weak tag',
      app: { app: 'whole', headers: [TYPE, ['etag', '"1"']], chunks: [TEXT] },
      ask: { headers: [['accept-encoding', 'gzip;q=0.5, br']] },
      expected: { status: 200, headers: coded('br', ['etag', 'W/"1"']), body: TEXT },
      normalised: decoded,
      gaps: NO_BODY,
    },
    {
      title: 'sends a stream in a coding',
      app: { app: 'streamed', headers: [TYPE], chunks: [TEXT, TEXT] },
      ask: { headers: [['accept-encoding', 'gzip']] },
      expected: {
        status: 200,
        headers: [...coded('gzip'), ['transfer-encoding', 'chunked']],
        body: TEXT + TEXT,
      },
      normalised: decoded,
      gaps: NO_BODY,
    },
    {
      title: 'does not change a short body',
      app: { app: 'whole', headers: [TYPE, FIVE], chunks: ['seats'] },
      ask: { headers: [['accept-encoding', 'gzip']] },
      expected: {
        status: 200,
        headers: [TYPE, FIVE, ['vary', 'Accept-Encoding']],
        body: 'seats',
      },
      gaps: NO_BODY,
    },
    {
      title: 'does not change a body that has a coding already',
      app: { app: 'whole', headers: [TYPE, ['content-encoding', 'br']], chunks: [TEXT] },
      ask: { headers: [['accept-encoding', 'gzip']] },
      expected: {
        status: 200,
        headers: [TYPE, ['content-encoding', 'br'], ['content-length', String(TEXT.length)]],
        body: TEXT,
      },
      gaps: NO_BODY,
    },
  ],
}
