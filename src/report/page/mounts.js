// The table of mounts: a row of figures for each, and a row about its hosts or targets if it has some.

import { element, find, setText } from './element.js'
import { keyedList } from './keyed-list.js'
import { countText, msText, percentText, rateText } from './wording.js'

/** @import { MountReport, PoolReport, TargetReport } from '../../contract/report.ts' */
/** @import { History } from './history.js' */

const NONE = '–'
/** Apps with this hosting run in the process of the server. */
const ON_THE_LOOP = ['loop', 'migration']

/** @typedef {readonly [name: string, textOf: (mount: MountReport, history: History) => string]} Column */

/** @type {readonly Column[]} */
const COLUMNS = [
  ['App', appText],
  ['Req/s', ({ requests }) => rateText(requests.perSecond)],
  ['p50', ({ latencyMs }) => msText(latencyMs.p50)],
  ['p99', ({ latencyMs }) => msText(latencyMs.p99)],
  ['In flight', ({ requests }) => countText(requests.inFlight)],
  ['WebSockets', ({ webSockets }) => countText(webSockets.open)],
  ['5xx', ({ requests }) => countText(requests.byClass['5'] ?? 0)],
  ['Broken off', ({ requests }) => countText(requests.aborted)],
  ['On the loop', (mount, history) => onLoop(mount, () => percentText(history.loopShareOf(mount)))],
  ['Longest block', (mount) => onLoop(mount, () => msText(mount.loop.longestBlockMs))],
  ['Queued', ({ pool }) => (pool ? countText(pool.queued) : NONE)],
  ['Wait p99', ({ pool }) => (pool ? msText(pool.waitMs.p99) : NONE)],
]

/**
 * @param {History} history
 * @returns {(mounts: readonly MountReport[]) => void}
 */
export function makeMounts(history) {
  const table = find('mounts')
  // A table that is laid out as cards keeps its roles by these attributes.
  const names = ['Path', ...COLUMNS.map(([name]) => name)]
  const heads = names.map((name) => element('th', { scope: 'col', role: 'columnheader' }, name))
  table.append(element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...heads)))
  return keyedList(
    table,
    ({ path }) => path,
    (mount) => makeMount(mount, history),
  )
}

/**
 * @param {MountReport} mount
 * @param {History} history
 */
function makeMount({ path }, history) {
  const cells = COLUMNS.map(([name]) => element('td', { role: 'cell', 'data-name': name }))
  const head = element('th', { scope: 'row', role: 'rowheader' }, path)
  const hosts = element('td', { role: 'cell', colspan: String(COLUMNS.length + 1) })
  const hostRow = element('tr', { role: 'row', class: 'hosts' }, hosts)
  const row = element('tr', { role: 'row' }, head, ...cells)
  const node = element('tbody', { role: 'rowgroup' }, row, hostRow)

  const show = (/** @type {MountReport} */ mount) => {
    for (const [index, [, textOf]] of COLUMNS.entries()) {
      const cell = cells[index]
      if (cell) setText(cell, textOf(mount, history))
    }
    const text = hostsText(mount)
    hostRow.hidden = text === ''
    setText(hosts, text)
  }
  return { node, show }
}

/** @param {MountReport} mount */
function appText({ style, hosting }) {
  const place = hosting === 'loop' ? 'on the loop' : hosting
  return style === null ? place : `${style}, ${place}`
}

/**
 * @param {MountReport} mount
 * @param {() => string} text
 */
function onLoop({ hosting }, text) {
  return ON_THE_LOOP.includes(hosting) ? text() : NONE
}

/** @param {MountReport} mount */
function hostsText({ hosting, pool, targets }) {
  const lines = targets.map(targetText)
  return (pool ? [poolText(pool, hosting), ...lines] : lines).join('\n')
}

/**
 * A part with the value 0 stays: a line that grows would move the page.
 *
 * @param {PoolReport} pool
 * @param {MountReport['hosting']} hosting
 */
function poolText(pool, hosting) {
  const noun = hosting === 'python' ? 'processes' : 'threads'
  return [
    `${noun}: ${pool.ready} ready`,
    `${pool.loading} loading`,
    `${percentText(pool.utilization)} busy`,
    `run p99 ${msText(pool.runMs.p99)}`,
    `${countText(pool.refused)} refused`,
    `${countText(pool.timedOut)} timed out`,
    `${countText(pool.crashes)} crashes`,
  ].join(' · ')
}

/** @param {TargetReport} target */
function targetText({ url, state, inFlight, failed, retried, headMs }) {
  return [
    `${url} is ${state}`,
    `${countText(inFlight)} in flight`,
    `head p99 ${msText(headMs.p99)}`,
    `${countText(failed)} failed`,
    `${countText(retried)} retried`,
  ].join(' · ')
}
