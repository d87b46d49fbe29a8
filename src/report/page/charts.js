// Two charts for each mount: the p99 and the requests per second.

import { makeChart } from './chart.js'
import { element, find } from './element.js'
import { keyedList } from './keyed-list.js'
import { msText, rateText } from './wording.js'

/** @import { MountReport } from '../../contract/report.ts' */
/** @import { History } from './history.js' */

/**
 * @param {History} history
 * @returns {(mounts: readonly MountReport[]) => void}
 */
export function makeCharts(history) {
  const show = keyedList(
    find('charts'),
    (/** @type {MountReport} */ { path }) => path,
    (mount) => makePair(mount, history),
  )
  return (mounts) => {
    // uPlot draws on a canvas, which a hidden tab does not show.
    if (!document.hidden) show(mounts)
  }
}

/**
 * @param {MountReport} mount
 * @param {History} history
 */
function makePair({ path }, history) {
  const [p99, rate] = [element('div', { class: 'chart' }), element('div', { class: 'chart' })]
  const node = element(
    'figure',
    {},
    element('figcaption', {}, element('code', {}, path)),
    element('p', {}, 'p99'),
    p99,
    element('p', {}, 'Requests per second'),
    rate,
  )
  // uPlot measures its element, which has a size in the document only.
  find('charts').append(node)
  const p99Chart = makeChart(p99, { name: `p99 of ${path}`, least: 10, text: msText })
  const rateChart = makeChart(rate, {
    name: `Requests per second of ${path}`,
    least: 5,
    text: rateText,
  })

  const show = () => {
    const points = history.pointsOf(path)
    const times = points.map(({ atS }) => atS)
    p99Chart.show(
      times,
      points.map(({ p99Ms }) => p99Ms),
    )
    rateChart.show(
      times,
      points.map(({ perSecond }) => perSecond),
    )
  }
  return { node, show }
}
