// The options of isthmus report.

import { InvalidOptionError } from '../../errors.ts'
import { option, toggle } from '../option.ts'
import type { OptionTable } from '../option.ts'

/** The form of the report, and how often it is printed. */
export interface ReportOptions {
  /** Whether the report is printed as JSON. */
  json: boolean
  /** Whether it is printed each second until the command is ended. */
  watch: boolean
  /** Whether the page of the report is served and opened in the browser. */
  open: boolean
}

/** The defaults of {@link REPORT_OPTIONS}. */
export const REPORT_DEFAULTS: ReportOptions = { json: false, watch: false, open: false }

/** The options of isthmus report. They have no variables: a command that a person types needs none. */
export const REPORT_OPTIONS: OptionTable<ReportOptions> = {
  json: option('json', 'Print the report as JSON', toggle),
  watch: option('watch', 'Print it each second, with --json one line each', toggle),
  open: option('open', 'Show it in the browser, until Ctrl-C', toggle),
}

/**
 * Checks that the options of a command fit together.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a page that is printed too
 */
export function checkReport({ json, watch, open }: ReportOptions): void {
  if (!open || !(json || watch)) return
  throw new InvalidOptionError('--open shows a page: it has no --json and no --watch')
}
