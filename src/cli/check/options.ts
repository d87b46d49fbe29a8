// The options of isthmus check, beside those of isthmus serve.

import { InvalidOptionError } from '../../errors.ts'
import { option, toggle } from '../option.ts'
import type { Kind, OptionTable } from '../option.ts'

/** The options of `isthmus check`. */
export interface CheckOptions {
  json: boolean
  /** The paths to ask for. */
  requests: readonly string[]
}

/** The defaults of {@link CHECK_OPTIONS}. */
export const CHECK_DEFAULTS: CheckOptions = { json: false, requests: [] }

const paths: Kind<readonly string[]> = {
  takes: 'list',
  read: (texts) => texts.map(readPath),
  show: () => 'none',
}

function readPath(text: string): string {
  if (text.startsWith('/')) return text
  throw new InvalidOptionError('must be a path that starts with "/"')
}

/** `--json` and `--request`. */
export const CHECK_OPTIONS: OptionTable<CheckOptions> = {
  json: option('json', 'Print JSON', toggle),
  requests: option(
    'request',
    'Start the apps under lint(), ask for this path, and print the status; repeatable',
    paths,
  ),
}
