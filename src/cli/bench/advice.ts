// Advice from the measurements of isthmus bench: how to host each path.

import { milliseconds } from '../milliseconds.ts'
import type { StyledApp } from '../../bridge/style.ts'

/** The measurements of a path, hosted in one way. */
export interface Measured {
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** CPU time of the process for each request. */
  cpuMs: number
  /** The time that a single request keeps the event loop busy. */
  heldMs: number
  /** The longest time for which the event loop was blocked, with one request at a time. */
  longestMs: number
  /** Responses other than 2xx and 3xx, as `404 × 12`; empty if all have succeeded. */
  failures: string
}

/** The measurements of a path, hosted in both ways. */
export interface Comparison {
  path: string
  mount: string
  style: StyledApp['style']
  inline: Measured
  threads: Measured
}

/** A request of this length or longer slows down everything else that the process serves. */
const BLOCKS_MS = 10
/** A shorter request does not affect others. */
const HARMLESS_MS = 1

/** Makes one sentence: whether the path blocks the event loop, for how long, and how to host its mount. */
export function adviceFor(comparison: Comparison): string {
  const { path, mount, style, inline, threads } = comparison
  const where = `${mount}${path === mount ? '' : ` (${path})`}, ${style}`
  const failures = inline.failures || threads.failures
  if (failures !== '') return `${where}: was answered ${failures}; measure a path that succeeds`

  const held = `holds the event loop for ${milliseconds(inline.heldMs)} a request`
  if (inline.heldMs < HARMLESS_MS) return `${where}: ${held}; ${harmless(comparison)}`
  if (threads.heldMs > inline.heldMs / 2) {
    return `${where}: ${held}, inline and in threads; move the blocking code into a sync app, or put the whole app into threads, as threads:FILE`
  }
  const inThreads = `there it is ${milliseconds(threads.heldMs)}`
  if (inline.heldMs >= BLOCKS_MS) {
    const longest = milliseconds(inline.longestMs)
    return `${where}: inline it ${held} (at most ${longest}), and everything else waits; host it in threads: ${inThreads}`
  }
  return `${where}: inline it ${held}; host it in threads if the process also serves anything realtime: ${inThreads}`
}

function harmless({ style, inline, threads }: Comparison): string {
  if (style !== 'sync') return 'leave it on the event loop'
  const more = threads.cpuMs - inline.cpuMs
  if (more <= 0) return 'inline and threads are both right'
  return `inline is right: threads would cost ${milliseconds(more)} of CPU more`
}
