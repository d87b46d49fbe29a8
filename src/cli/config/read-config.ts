// The configuration of a command line.

import { PROCESS_DEFAULTS, PROCESS_OPTIONS } from '../options-table.ts'
import { readTable } from '../read-table.ts'
import { RELOAD_DEFAULTS, RELOAD_OPTIONS } from '../reload-options.ts'
import { importConfig } from './config-file.ts'
import { configValues, NO_CONFIG } from './config-values.ts'
import type { Parsed } from '../parser.ts'
import type { Environment } from '../variables.ts'
import type { ConfigValues } from './config-values.ts'

/**
 * Reads the file that a command line names, or else the one of the working directory.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a file that is not there, and for a wrong key or value;
 *   {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the code of the file throws
 */
export async function readConfig(
  { given }: Pick<Parsed, 'given'>,
  environment: Environment,
): Promise<ConfigValues> {
  const { config, reload } = readTable(OPTIONS, DEFAULTS, given, environment)
  const file = await importConfig(config, { mode: reload ? 'development' : 'production' })
  return file ? configValues(file) : NO_CONFIG
}

const OPTIONS = { config: PROCESS_OPTIONS.config, reload: RELOAD_OPTIONS.reload }
const DEFAULTS = { config: PROCESS_DEFAULTS.config, reload: RELOAD_DEFAULTS.reload }
