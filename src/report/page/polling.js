// Reads the report again and again. A server that is gone is asked until it is back.

/** @import { Report } from '../../contract/report.ts' */

const EVERY_MS = 1_000
/** A hidden tab has no need of the newest figures; its charts keep their points. */
const HIDDEN_EVERY_MS = 10_000
/** A request that takes longer counts as no answer. */
const ANSWER_MS = 5_000
const LONGEST_PAUSE_MS = 5_000

/**
 * Polls until the page is closed.
 *
 * @param {{ onReport: (report: Report) => void, onFailure: (reason: string) => void }} listeners
 * @returns {() => void} polls at once
 */
export function startPolling({ onReport, onFailure }) {
  let failures = 0
  let isBusy = false
  /** @type {number | undefined} */
  let timer

  const next = () => {
    isBusy = false
    timer = setTimeout(poll, pauseAfter(failures))
  }
  const poll = () => {
    if (isBusy) return
    isBusy = true
    clearTimeout(timer)
    readReport()
      .then((report) => {
        failures = 0
        onReport(report)
      })
      .catch((/** @type {Error} */ error) => {
        failures += 1
        onFailure(error.message)
      })
      .then(next, next)
  }

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) poll()
  })
  poll()
  return poll
}

/** @param {number} failures */
function pauseAfter(failures) {
  if (document.hidden) return HIDDEN_EVERY_MS
  return Math.min(EVERY_MS * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE_MS)
}

/** @returns {Promise<Report>} */
async function readReport() {
  const response = await fetch('report.json', {
    cache: 'no-store',
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => {
    throw new Error('The server does not answer')
  })
  if (response.ok) return await response.json()
  throw new Error(await refusalOf(response))
}

/**
 * The reason that the server gives for an answer other than 2xx.
 *
 * @param {Response} response
 * @returns {Promise<string>}
 */
export async function refusalOf(response) {
  const body = await response.json().catch(() => null)
  const reason = body?.error
  return typeof reason === 'string' ? reason : `The server answers with ${response.status}`
}
