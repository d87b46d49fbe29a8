// The board's round trips of the last minute as a line, over bands for the reports that ran.

const WINDOW_MS = 60_000
/** The least scale: a delay that a person does not notice looks flat on it. */
const CALM_MS = 250

/** Draws into `element`, and writes the two figures into the elements `now` and `worst`. */
export function makeChart(element, { now, worst }) {
  let pings = []
  let reports = []
  let lastId = 0

  const plot = new uPlot(options(element, drawReports), [[], []], element)
  new ResizeObserver(() => plot.setSize(sizeOf(element))).observe(element)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot.redraw())

  // An unanswered ping counts with its age: the line climbs while one waits, not afterwards.
  function roundTripOf(ping) {
    return ping.lost ? null : (ping.tookMs ?? performance.now() - ping.sentAt)
  }

  function worstSince(start) {
    return Math.max(0, ...pings.filter((ping) => ping.sentAt >= start).map(roundTripOf))
  }

  function draw() {
    const end = performance.now()
    pings = pings.filter((ping) => ping.sentAt > end - WINDOW_MS)
    reports = reports.filter((report) => (report.endedAt ?? end) > end - WINDOW_MS)
    plot.setData([pings.map((ping) => (ping.sentAt - end) / 1000), pings.map(roundTripOf)])

    const answered = pings.findLast((ping) => ping.tookMs !== undefined)
    now.textContent = answered ? format(answered.tookMs) : '–'
    worst.textContent = answered ? format(worstSince(0)) : '–'
    describe(element, plot)
  }

  function drawReports({ ctx, bbox, valToPos }) {
    const end = performance.now()
    ctx.fillStyle = color('--band')
    for (const { startedAt, endedAt = end } of reports) {
      const left = Math.max(valToPos((startedAt - end) / 1000, 'x', true), bbox.left)
      const right = valToPos((endedAt - end) / 1000, 'x', true)
      ctx.fillRect(left, bbox.top, right - left, bbox.height)
    }
  }

  return {
    draw,
    format,
    /** A ping leaves now; returns its id. */
    sent() {
      draw()
      lastId += 1
      pings.push({ id: lastId, sentAt: performance.now() })
      return lastId
    },
    answered(id) {
      const ping = pings.find((candidate) => candidate.id === id)
      if (ping) ping.tookMs = performance.now() - ping.sentAt
    },
    /** The connection is lost, and the answers with the connection. */
    lost() {
      for (const ping of pings) ping.lost = ping.tookMs === undefined
    },
    /** A report starts now. */
    startReport() {
      const report = { startedAt: performance.now() }
      reports.push(report)
      return {
        end: () => (report.endedAt = performance.now()),
        seconds: () => (report.endedAt - report.startedAt) / 1000,
        worstMs: () => worstSince(report.startedAt),
      }
    },
  }
}

// A canvas has no text for a screen reader.
function describe(element, { scales }) {
  element.role = 'img'
  element.ariaLabel = `Round trips of the last minute, from 0 to ${wholeMs(scales.y.max)}`
}

function options(element, drawReports) {
  const axis = { stroke: () => color('--quiet'), grid: { stroke: () => color('--line'), width: 1 } }
  const series = { stroke: () => color('--accent'), fill: () => color('--wash'), width: 1.5 }
  return {
    ...sizeOf(element),
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { time: false, range: [-WINDOW_MS / 1000, 0] },
      y: { range: (_plot, _low, high) => [0, Math.max(CALM_MS, high * 1.1)] },
    },
    series: [{}, { ...series, points: { show: false } }],
    axes: [
      { ...axis, size: 28, values: (_plot, seconds) => seconds.map(agoOf) },
      { ...axis, size: 76, values: (_plot, values) => values.map(wholeMs) },
    ],
    hooks: { drawClear: [drawReports] },
  }
}

const sizeOf = (element) => ({ width: element.clientWidth, height: element.clientHeight })
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name)
const agoOf = (seconds) => (seconds === 0 ? 'now' : `−${-seconds} s`)
const wholeMs = (ms) => `${Math.round(ms).toLocaleString('en')} ms`
const format = (ms) => (ms < 10 ? `${ms.toFixed(1)} ms` : wholeMs(ms))
