// The last requests that the two apps answer differently, each with the smallest parts that differ.

import { element } from './element.js'
import { keyedList } from './keyed-list.js'
import { clockText } from './wording.js'

/** @import { Difference, MismatchReport } from '../../contract/report.ts' */

/**
 * @param {string} path the path of the migration
 */
export function makeMismatches(path) {
  const none = element('p', { class: 'empty' }, 'No differences.')
  const list = element('ol')
  const label = `Last differences of ${path}`
  // A region that scrolls takes the focus, so that the keyboard scrolls it.
  const node = element('div', {
    class: 'mismatches',
    role: 'region',
    tabindex: '0',
    'aria-label': label,
  })
  node.append(none, list)

  const showList = keyedList(list, (mismatch) => JSON.stringify(mismatch), makeMismatch)
  const show = (/** @type {readonly MismatchReport[]} */ mismatches) => {
    none.hidden = mismatches.length > 0
    showList(mismatches)
  }
  return { node, show }
}

/** @param {MismatchReport} mismatch */
function makeMismatch({ at, method, path, differences }) {
  const request = element('code', {}, `${method} ${path}`)
  const time = element('time', { datetime: at }, clockText(at))
  const heads = ['Part', 'Old app', 'New app'].map((name) => element('th', { scope: 'col' }, name))
  const table = element('table', {}, element('thead', {}, element('tr', {}, ...heads)))
  table.append(element('tbody', {}, ...differences.map(differenceRow)))
  const node = element('li', {}, element('p', {}, request, ' at ', time), table)
  return { node, show: () => undefined }
}

/** @param {Difference} difference */
function differenceRow({ part, from, to }) {
  return element('tr', {}, element('th', { scope: 'row' }, part), valueCell(from), valueCell(to))
}

/** @param {string | null} value */
function valueCell(value) {
  const text = value === null ? element('em', {}, 'absent') : element('code', {}, value)
  return element('td', {}, text)
}
