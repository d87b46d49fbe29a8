// The option of isthmus check, beside those of isthmus serve.

import { option, toggle } from '../option.ts'
import type { OptionTable } from '../option.ts'

/** The option of `isthmus check`. */
export interface CheckOptions {
  json: boolean
}

/** The default of {@link CHECK_OPTIONS}. */
export const CHECK_DEFAULTS: CheckOptions = { json: false }

/** `--json`. */
export const CHECK_OPTIONS: OptionTable<CheckOptions> = {
  json: option('json', 'Print JSON', toggle),
}
