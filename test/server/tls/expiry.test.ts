// The warning about a certificate that ends.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expiryWarning } from '../../../src/server/tls/expiry.ts'

const DAY = 86_400_000
const END = Date.parse('2021-01-01T00:00:00Z')
const certificate = new X509Certificate(readFileSync('test/fixtures/tls/expired.pem'))

describe('the warning about a certificate', () => {
  it.each([
    ['that is good for more than 14 days', END - 15 * DAY, null],
    ['that is good for 13 days and some hours', END - 13.5 * DAY, 'expires in 13 days'],
    ['that is good for a day', END - 1.5 * DAY, 'expires in 1 day'],
    ['that is good for an hour', END - 3_600_000, 'expires in less than a day'],
    ['that has expired', END, 'has expired: clients refuse it'],
    [
      'that is not good yet',
      Date.parse('2019-12-31T00:00:00Z'),
      'is not valid yet: clients refuse it',
    ],
  ])('%s', (_which, now, sentence) => {
    const message = sentence === null ? null : `the certificate ${sentence}`
    expect(expiryWarning(certificate, now)).toBe(message)
  })
})
