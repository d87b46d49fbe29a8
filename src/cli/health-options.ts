// The options of the paths of liveness and readiness.

import { InvalidOptionError } from '../errors.ts'
import { option } from './option.ts'
import type { DEFAULTS } from '../server/options.ts'
import type { Kind, OptionTable } from './option.ts'

const probePath: Kind<string | null> = {
  takes: 'value',
  read([text = '']) {
    if (/^\/[!-~]*$/.test(text) && !/[?#]/.test(text)) return text
    throw new InvalidOptionError(
      'must be a path that starts with "/"; leave the option out for none',
    )
  },
  show: (shown) => shown ?? 'none',
}

/** `--health-live` and `--health-ready`. */
export const HEALTH_OPTIONS: OptionTable<typeof DEFAULTS.health> = {
  live: option(
    'health-live',
    'Path that the server answers with 200 as long as it runs',
    probePath,
  ),
  ready: option(
    'health-ready',
    'Path that the server answers with 200, and with 503 while it drains or is full',
    probePath,
  ),
}
