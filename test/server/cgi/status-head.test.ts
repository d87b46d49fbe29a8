import { expect, it } from 'vitest'
import { statusHead } from '../../../src/server/cgi/status-head.ts'
import type { HeaderPairs } from 'isthmus'

const text = (status: number, headers: HeaderPairs): string =>
  statusHead({ status, headers, delimiter: 'chunks', keepAlive: false })

it('begins with the status, and has no field of the framing', () => {
  const headers: HeaderPairs = [
    ['content-type', 'text/plain'],
    ['transfer-encoding', 'chunked'],
    ['connection', 'close'],
    ['set-cookie', 'a=1'],
  ]
  expect(text(404, headers)).toBe(
    'Status: 404 Not Found\r\ncontent-type: text/plain\r\nset-cookie: a=1\r\n\r\n',
  )
})

it('no field of the app replaces the status', () => {
  expect(text(200, [['status', '500']])).toBe('Status: 200 OK\r\n\r\n')
})
