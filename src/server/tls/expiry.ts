// The end of the validity of certificates: a warning in time, once a day.

import type { X509Certificate } from 'node:crypto'

const DAY_MS = 86_400_000
const WARNED_DAYS = 14

/** The time in ms between two warnings about the same certificate. */
export const WARN_EVERY_MS: number = DAY_MS

/**
 * The warning about a certificate that has expired or expires within 14 days.
 *
 * @param now the time in ms since 1970
 * @returns null for one that is good for longer
 */
export function expiryWarning({ validFrom, validTo }: X509Certificate, now: number): string | null {
  const leftMs = Date.parse(validTo) - now
  if (leftMs <= 0) return 'the certificate has expired: clients refuse it'
  if (Date.parse(validFrom) > now) return 'the certificate is not valid yet: clients refuse it'
  const days = Math.floor(leftMs / DAY_MS)
  return days < WARNED_DAYS ? `the certificate expires in ${countOf(days)}` : null
}

function countOf(days: number): string {
  if (days === 0) return 'less than a day'
  return days === 1 ? '1 day' : `${days} days`
}
