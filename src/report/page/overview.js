// The figures of the process, at the head of the page.

import { element, find, setText } from './element.js'
import { countText, mebibytesText, msText, percentText, spanText } from './wording.js'

/** @import { Report } from '../../contract/report.ts' */

/** @type {ReadonlyArray<readonly [name: string, textOf: (report: Report) => string]>} */
const FIGURES = [
  ['Uptime', ({ uptimeMs }) => spanText(uptimeMs)],
  ['CPU', ({ process }) => percentText(process.cpu)],
  ['Event loop busy', ({ process }) => percentText(process.loopUtilization)],
  ['Longest block', ({ process }) => msText(process.longestBlockMs)],
  ['Memory', ({ process }) => mebibytesText(process.rssBytes)],
  ['Heap', ({ process }) => mebibytesText(process.heapBytes)],
  ['Requests', ({ requests }) => countText(requests.total)],
  ['In flight', ({ requests }) => countText(requests.inFlight)],
  ['WebSockets', ({ webSockets }) => countText(webSockets.open)],
  ['Refused', ({ refused }) => countText(refused)],
  ['Process id', ({ process }) => String(process.pid)],
  ['Node', ({ process }) => process.node.replace(/^v/, '')],
]

/** @returns {(report: Report) => void} */
export function makeOverview() {
  const values = FIGURES.map(([name]) => {
    const value = element('dd', {}, '–')
    find('overview').append(element('div', {}, element('dt', {}, name), value))
    return value
  })

  return (report) => {
    for (const [index, [, textOf]] of FIGURES.entries()) {
      const value = values[index]
      if (value) setText(value, textOf(report))
    }
  }
}
