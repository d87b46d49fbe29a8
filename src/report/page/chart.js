// One chart of the last minutes, by uPlot.

import { KEPT_S } from './history.js'

/**
 * A figure over time.
 *
 * @typedef {object} Series
 * @property {string} name
 * @property {number} least the least height of the scale, so that a calm line looks flat
 * @property {(value: number) => string} text
 */

/**
 * Draws into `node`. A screen reader gets the newest and the highest value as the name of an image.
 *
 * @param {HTMLElement} node
 * @param {Series} series
 */
export function makeChart(node, series) {
  const plot = new uPlot(options(node, series), [[], []], node)
  new ResizeObserver(() => plot.setSize(sizeOf(node))).observe(node)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot.redraw())
  node.role = 'img'

  return {
    /**
     * @param {number[]} times seconds since 1970
     * @param {Array<number | null>} values
     */
    show(times, values) {
      const end = times.at(-1) ?? 0
      plot.setData([times.map((time) => time - end), values])
      node.ariaLabel = description(series, values)
    },
  }
}

/**
 * @param {Series} series
 * @param {ReadonlyArray<number | null>} values
 */
function description({ name, text }, values) {
  const highest = Math.max(0, ...values.map((value) => value ?? 0))
  const minutes = KEPT_S / 60
  return `${name}: now ${text(values.at(-1) ?? 0)}, at most ${text(highest)} in the last ${minutes} minutes`
}

/**
 * @param {HTMLElement} node
 * @param {Series} series
 * @returns {uPlot.Options}
 */
function options(node, { least, text }) {
  const axis = {
    stroke: () => color('--quiet'),
    grid: { stroke: () => color('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  }
  const line = { stroke: () => color('--accent'), fill: () => color('--wash'), width: 1.5 }
  return {
    ...sizeOf(node),
    cursor: { show: false },
    legend: { show: false },
    padding: [6, 16, 0, 0],
    scales: {
      x: { time: false, range: [-KEPT_S, 0] },
      y: { range: (_plot, _low, high) => [0, Math.max(least, (high ?? 0) * 1.1)] },
    },
    series: [{}, { ...line, points: { show: false } }],
    axes: [
      {
        ...axis,
        size: 22,
        space: 60,
        incrs: [60, 120],
        values: (_plot, ticks) => ticks.map(agoText),
      },
      { ...axis, size: 58, space: 24, values: (_plot, ticks) => ticks.map(text) },
    ],
  }
}

/** @param {HTMLElement} node */
const sizeOf = (node) => ({ width: node.clientWidth, height: node.clientHeight })

/** @param {string} name */
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name)

/** @param {number} seconds */
const agoText = (seconds) => (seconds === 0 ? 'now' : `−${-seconds / 60} min`)
