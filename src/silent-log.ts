// The log where nobody listens.

import type { Log } from './contract/log.ts'

/** Takes every line and keeps none. */
export const SILENT_LOG: Log = Object.freeze({
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
})
