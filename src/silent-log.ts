// The log of an app whose host has no log.

import type { Log } from './contract/log.ts'

/** Drops every line. */
export const SILENT_LOG: Log = Object.freeze({
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
})
