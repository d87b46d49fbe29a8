// isthmus reload: makes a running server load its apps anew, and waits for the end.

import { askControl } from './control-client.ts'
import type { ReloadOutcome } from '../contract/control.ts'
import type { ControlOptions } from './control-option.ts'

/** A worker that loads for longer has been killed by then. A large server replaces a few of its workers at once. */
const DEADLINE_MS = 30 * 60_000

/**
 * Writes one line to stdout when the new code serves.
 *
 * @throws Error with the reason if the new code did not load
 */
export async function reloadCommand({ control }: ControlOptions): Promise<void> {
  const asked = { method: 'POST', target: '/reload', member: 'workers' } as const
  const answer = await askControl(control, asked, DEADLINE_MS)
  const { workers, pools } = answer as ReloadOutcome
  const what = workers > 0 ? counted(workers, 'worker') : counted(pools, 'pool')
  process.stdout.write(`reloaded: ${what} with the new code\n`)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
