// The option with the path of the control socket, for the server and for its clients: one variable serves both.

import { filePath, option } from './option.ts'
import type { OptionTable } from './option.ts'

/** The path of the control socket; null for none. */
export interface ControlOptions {
  control: string | null
}

/** The default of {@link CONTROL_OPTIONS}. */
export const CONTROL_DEFAULTS: ControlOptions = { control: null }

/** `--control`. */
export const CONTROL_OPTIONS: OptionTable<ControlOptions> = {
  control: option(
    'control',
    'Unix socket for isthmus report, reload and migrate; the user of the server alone can open it',
    filePath,
  ),
}
