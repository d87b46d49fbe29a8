// The warning about inline code that holds the event loop.

import { performance } from 'node:perf_hooks'
import { figuresOf } from '../../async/exchange-context.ts'
import { SILENT_LOG } from '../../silent-log.ts'
import type { HttpScope } from '../../contract/events.ts'

const MAX_HELD_MS = 50

/**
 * Reports the time of a step of an inline app to the figures of the server. Logs a step of more than 50 ms, with the mount
 * and the remedy.
 *
 * @param since the time at which the step began, of `performance.now()`
 */
export function reportStep(scope: HttpScope, since: number): void {
  const now = performance.now()
  const heldMs = now - since
  figuresOf(scope)?.ran(heldMs, now)
  if (heldMs < MAX_HELD_MS) return
  const { method, path, rootPath } = scope
  const log = scope['isthmus.exchange']?.log ?? SILENT_LOG
  log.warn(
    { mount: rootPath || '/', method, path, heldMs: Math.round(heldMs) },
    'an inline sync app held the event loop; host it in threads() to keep everything else responsive',
  )
}
