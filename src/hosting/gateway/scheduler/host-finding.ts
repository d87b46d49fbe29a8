// The findings about a host as time passes.

import { SLOW_MS } from './pace.ts'
import type { SchedulerLimits } from './commands.ts'
import type { Host } from './host.ts'
import type { ScheduledRequest } from './host-port.ts'

/** The same limit as for the startup of an app on the event loop. */
export const LOAD_TIMEOUT_MS = 60_000

/**
 * - `late`: it loads for too long
 * - `stuck`: a request, or a turn of the event loop, takes too long
 * - `slow`: other requests should not wait for it
 * - `overdue`: it retires, and its last requests do not end
 * - `unused`: it has had no request for long
 */
type Finding = 'late' | 'stuck' | 'slow' | 'overdue' | 'unused' | 'fine'

/** Looks at `host` at the time `now`. */
export function findingOf<Request extends ScheduledRequest>(
  host: Host<Request>,
  limits: SchedulerLimits,
  now: number,
): Finding {
  const sinceMs = now - host.turnSince
  if (host.phase === 'spare') return 'fine'
  if (host.phase === 'loading') return sinceMs >= LOAD_TIMEOUT_MS ? 'late' : 'fine'
  if (host.load === 0 && !host.isAway(now))
    return sinceMs >= limits.idleTimeoutMs ? 'unused' : 'fine'

  const heldMs = host.heldMs(now)
  if (heldMs >= limits.timeoutMs) return host.isInspected ? 'fine' : 'stuck'
  if (host.isLeaving && now - host.retiringSince >= limits.timeoutMs) return 'overdue'
  return heldMs >= SLOW_MS ? 'slow' : 'fine'
}
