// The options of isthmus cgi.

import { DEFAULTS } from '../../server/options.ts'
import { PROCESS_OPTIONS, SERVER_OPTIONS } from '../options-table.ts'
import type { OptionTable } from '../option.ts'
import type { ProcessOptions, ServerDefaults } from '../options-table.ts'

/** The options of one request: those of `isthmus serve` that have a meaning for it. */
export interface CgiOptions
  extends
    Pick<ProcessOptions, 'logLevel'>,
    Pick<
      ServerDefaults,
      | 'lifespan'
      | 'lifespanTimeoutMs'
      | 'bodyTimeoutMs'
      | 'maxBodyBytes'
      | 'maxHeaderFields'
      | 'graceMs'
      | 'debug'
    > {}

/** The defaults of {@link CGI_OPTIONS}. */
export const CGI_DEFAULTS: CgiOptions = {
  logLevel: 'info',
  lifespan: DEFAULTS.lifespan,
  lifespanTimeoutMs: DEFAULTS.lifespanTimeoutMs,
  bodyTimeoutMs: DEFAULTS.bodyTimeoutMs,
  maxBodyBytes: DEFAULTS.maxBodyBytes,
  maxHeaderFields: DEFAULTS.maxHeaderFields,
  graceMs: DEFAULTS.graceMs,
  debug: DEFAULTS.debug,
}

/** The options of isthmus cgi. */
export const CGI_OPTIONS: OptionTable<CgiOptions> = {
  logLevel: PROCESS_OPTIONS.logLevel,
  lifespan: SERVER_OPTIONS.lifespan,
  lifespanTimeoutMs: SERVER_OPTIONS.lifespanTimeoutMs,
  bodyTimeoutMs: SERVER_OPTIONS.bodyTimeoutMs,
  maxBodyBytes: SERVER_OPTIONS.maxBodyBytes,
  maxHeaderFields: SERVER_OPTIONS.maxHeaderFields,
  graceMs: SERVER_OPTIONS.graceMs,
  debug: SERVER_OPTIONS.debug,
}
