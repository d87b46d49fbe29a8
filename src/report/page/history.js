// The last minutes of each mount, kept in the page. The server keeps no history.

/** @import { MountReport, Report } from '../../contract/report.ts' */

export const KEPT_S = 300
/** A poll may come early after a change; the bound holds in any case. */
const MOST_POINTS = 400
/** Points further apart have a gap between them: the server was gone, or the tab was hidden by the system. */
const GAP_S = 15
const MINUTE_S = 60

/**
 * @typedef {object} Point
 * @property {number} atS seconds since 1970
 * @property {number | null} perSecond requests per second since the point before; null without one, and after a gap
 * @property {number | null} p99Ms
 * @property {number} total
 * @property {number} busyMs
 */

export class History {
  /** @type {Map<string, Point[]>} */
  #points = new Map()
  /** @type {Report | undefined} */
  #last

  /** @param {Report} report */
  add(report) {
    // A new process counts from 0.
    if (this.#last && isOlderProcess(this.#last, report)) this.#points.clear()
    this.#last = report

    const atS = Date.parse(report.at) / 1000
    const points = report.mounts.map((mount) => {
      const before = this.pointsOf(mount.path)
      const added = [...before, ...pointsAfter(before.at(-1), mount, atS)]
      const kept = added.filter((point) => point.atS > atS - KEPT_S)
      return /** @type {const} */ ([mount.path, kept.slice(-MOST_POINTS)])
    })
    this.#points = new Map(points)
  }

  /**
   * The points of a mount, the oldest first.
   *
   * @param {string} path
   * @returns {readonly Point[]}
   */
  pointsOf(path) {
    return this.#points.get(path) ?? []
  }

  /**
   * The part of the last minute in which the app held the event loop; of its whole life at the first report.
   *
   * @param {MountReport} mount
   * @returns {number} from 0 to 1
   */
  loopShareOf(mount) {
    const points = this.pointsOf(mount.path)
    const newest = points.at(-1)
    const oldest = points.find(({ atS }) => newest !== undefined && atS >= newest.atS - MINUTE_S)
    if (!newest || !oldest || oldest === newest) {
      return Math.min(1, mount.loop.busyMs / Math.max(1, this.#last?.uptimeMs ?? 1) / this.#loops)
    }
    const passedMs = (newest.atS - oldest.atS) * 1000
    return Math.min(1, (newest.busyMs - oldest.busyMs) / passedMs / this.#loops)
  }

  /** Each worker has an event loop of its own. */
  get #loops() {
    const workers = this.#last?.workers ?? []
    return Math.max(1, workers.filter(({ state }) => state === 'ready').length)
  }
}

/**
 * @param {Report} before
 * @param {Report} now
 */
function isOlderProcess(before, now) {
  return before.process.pid !== now.process.pid || before.uptimeMs > now.uptimeMs
}

/**
 * The point of this moment, and a point without values before it if there is a gap.
 *
 * @param {Point | undefined} before
 * @param {MountReport} mount
 * @param {number} atS
 * @returns {Point[]}
 */
function pointsAfter(before, mount, atS) {
  const { total } = mount.requests
  const { busyMs } = mount.loop
  const point = {
    atS,
    perSecond: null,
    p99Ms: mount.latencyMs.p99,
    total,
    busyMs,
  }
  if (before === undefined) return [point]

  const passedS = atS - before.atS
  if (passedS <= 0) return []
  if (passedS <= GAP_S) return [{ ...point, perSecond: (total - before.total) / passedS }]
  const gap = { ...before, atS: before.atS + passedS / 2, perSecond: null, p99Ms: null }
  return [gap, point]
}
