// What the measurements of isthmus bench mean: how to host each path.

import type { StyledApp } from '../../bridge/style.ts'

/** A path, measured in one way of hosting it. */
export interface Measured {
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** CPU time of the process a request. */
  cpuMs: number
  /** How long a request, alone, keeps the event loop at work. */
  heldMs: number
  /** The longest time that the loop did nothing else, with one request at a time. */
  longestMs: number
  /** Answers other than 2xx and 3xx, as `404 × 12`; empty where there are none. */
  failures: string
}

/** A path, measured in both ways. */
export interface Comparison {
  path: string
  mount: string
  style: StyledApp['style']
  inline: Measured
  threads: Measured
}

/** From here on everything else that the process serves notices. */
const BLOCKS_MS = 10
/** Up to here nothing does. */
const HARMLESS_MS = 1

/** One sentence: whether the path blocks the loop, for how long, and how to host its mount. */
export function adviceFor(comparison: Comparison): string {
  const { path, mount, style, inline, threads } = comparison
  const where = `${mount}${path === mount ? '' : ` (${path})`}, ${style}`
  const failures = inline.failures || threads.failures
  if (failures !== '') return `${where}: was answered ${failures}; that is not what to measure`

  const held = `holds the event loop for ${milliseconds(inline.heldMs)} a request`
  if (inline.heldMs < HARMLESS_MS) return `${where}: ${held}; ${harmless(comparison)}`
  if (threads.heldMs > inline.heldMs / 2) {
    return `${where}: ${held}, wherever it is hosted; move what blocks into a sync app, and that into threads()`
  }
  const then = `there it is ${milliseconds(threads.heldMs)}`
  if (inline.heldMs >= BLOCKS_MS) {
    const longest = milliseconds(inline.longestMs)
    return `${where}: inline it ${held} (at most ${longest}), and everything else waits; host it in threads: ${then}`
  }
  return `${where}: inline it ${held}; host it in threads if anything realtime is beside it: ${then}`
}

function harmless({ style, inline, threads }: Comparison): string {
  if (style !== 'sync') return 'leave it on the event loop'
  const more = threads.cpuMs - inline.cpuMs
  if (more <= 0) return 'inline and threads are both right'
  return `inline is right: threads would cost ${milliseconds(more)} of CPU more`
}

/** `0.012 ms`, `3.4 ms`, `210 ms`. */
export function milliseconds(value: number): string {
  const digits = value < 1 ? 3 : 1
  return `${value >= 100 ? Math.round(value) : value.toFixed(digits)} ms`
}
