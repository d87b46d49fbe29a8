// Figures as a person reads them.

const LOCALE = 'en'

/** @param {number} count */
export const countText = (count) => count.toLocaleString(LOCALE)

/** @param {number} ms */
export function msText(ms) {
  if (ms >= 1000) return `${rounded(ms / 1000, ms < 10_000 ? 2 : 0)} s`
  return `${rounded(ms, ms < 10 ? 2 : 0)} ms`
}

/** @param {number} perSecond */
export const rateText = (perSecond) => rounded(perSecond, perSecond < 10 ? 1 : 0)

/**
 * @param {number} part from 0 to 1
 * @returns {string} `12.5 %`
 */
export const percentText = (part) => `${rounded(part * 100, 1)} %`

/** @param {number} bytes */
export const mebibytesText = (bytes) => `${rounded(bytes / 2 ** 20, 0)} MiB`

/** @param {number} ms */
export function spanText(ms) {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return `${Math.floor(ms / 1000)} s`
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

/**
 * The time of day of the reader.
 *
 * @param {string | number} time ISO 8601, or ms since 1970
 */
export const clockText = (time) => new Date(time).toLocaleTimeString('en-GB')

/**
 * @param {number} value
 * @param {number} digits at most so many after the point
 */
function rounded(value, digits) {
  return value.toLocaleString(LOCALE, { maximumFractionDigits: digits })
}
