// The options of the development server.

import { option, toggle } from './option.ts'
import type { Kind, OptionTable } from './option.ts'

/** The options of `isthmus serve --reload`. */
export interface ReloadFlags {
  /** Whether a change of a file loads the app anew. */
  reload: boolean
  /** Patterns of further files that are watched. */
  reloadInclude: readonly string[]
}

/** The defaults of {@link RELOAD_OPTIONS}. */
export const RELOAD_DEFAULTS: ReloadFlags = { reload: false, reloadInclude: [] }

const patterns: Kind<readonly string[]> = {
  takes: 'list',
  read: (texts) => texts,
  show: () => 'none',
}

/** `--reload` and `--reload-include`. */
export const RELOAD_OPTIONS: OptionTable<ReloadFlags> = {
  reload: option('reload', 'Load the app anew when its files change: for development only', toggle),
  reloadInclude: option(
    'reload-include',
    "Further files to watch below the working directory, as '**/*.html'; repeatable",
    patterns,
  ),
}
