// The options of isthmus report.

import { option, toggle } from '../option.ts'
import type { OptionTable } from '../option.ts'

/** The form of the report, and how often it is printed. */
export interface ReportOptions {
  /** Whether the report is printed as JSON. */
  json: boolean
  /** Whether it is printed each second until the command is ended. */
  watch: boolean
}

/** The defaults of {@link REPORT_OPTIONS}. */
export const REPORT_DEFAULTS: ReportOptions = { json: false, watch: false }

/** The options of isthmus report. They have no variables: a command that a person types needs none. */
export const REPORT_OPTIONS: OptionTable<ReportOptions> = {
  json: option('json', 'Print the report as JSON', toggle),
  watch: option('watch', 'Print it each second, with --json one line each', toggle),
}
