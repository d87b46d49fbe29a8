// The table of the workers, for a server that has some.

import { element, find, setText } from './element.js'
import { keyedList } from './keyed-list.js'
import { countText, mebibytesText, msText, percentText, spanText } from './wording.js'

/** @import { Report, WorkerReport } from '../../contract/report.ts' */

/** @type {ReadonlyArray<readonly [name: string, textOf: (worker: WorkerReport) => string]>} */
const COLUMNS = [
  ['State', stateText],
  ['Process id', ({ pid }) => String(pid)],
  ['Uptime', ({ uptimeMs }) => spanText(uptimeMs)],
  ['Requests', ({ requests }) => countText(requests.total)],
  ['In flight', ({ requests }) => countText(requests.inFlight)],
  ['WebSockets', ({ webSockets }) => countText(webSockets.open)],
  ['CPU', ({ cpu }) => percentText(cpu)],
  ['Loop busy', ({ loopUtilization }) => percentText(loopUtilization)],
  ['Longest block', ({ longestBlockMs }) => msText(longestBlockMs)],
  ['Memory', ({ rssBytes }) => mebibytesText(rssBytes)],
  ['Replaced', ({ predecessors }) => countText(predecessors)],
  ['Crashes', ({ crashes }) => countText(crashes)],
]

/** @returns {(report: Report) => void} */
export function makeWorkers() {
  const section = find('workers')
  const table = find('worker-table')
  const names = ['Worker', ...COLUMNS.map(([name]) => name)]
  const heads = names.map((name) => element('th', { scope: 'col', role: 'columnheader' }, name))
  table.append(element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...heads)))
  const show = keyedList(
    table,
    (/** @type {WorkerReport} */ { worker }) => String(worker),
    makeWorker,
  )
  return ({ workers }) => {
    section.hidden = workers.length === 0
    show(workers)
  }
}

/** @param {WorkerReport} first */
function makeWorker({ worker }) {
  const cells = COLUMNS.map(([name]) => element('td', { role: 'cell', 'data-name': name }))
  const head = element('th', { scope: 'row', role: 'rowheader' }, String(worker))
  const row = element('tr', { role: 'row' }, head, ...cells)
  const node = element('tbody', { role: 'rowgroup' }, row)

  const show = (/** @type {WorkerReport} */ now) => {
    for (const [index, [, textOf]] of COLUMNS.entries()) {
      const cell = cells[index]
      if (cell) setText(cell, textOf(now))
    }
  }
  return { node, show }
}

/** @param {WorkerReport} worker */
function stateText({ state, answered }) {
  return answered || state === 'starting' ? state : 'silent'
}
