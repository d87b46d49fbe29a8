// Who hears of an exchange that nobody follows any more.

import type { HttpEvents } from './transport.ts'

/** Takes every report and does nothing. */
export const NOBODY: HttpEvents = {
  onBody: () => undefined,
  onBodyEnd: () => undefined,
  onDrain: () => undefined,
  onDisconnect: () => undefined,
}
