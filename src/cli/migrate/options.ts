// The options of isthmus migrate set.

import { InvalidOptionError } from '../../errors.ts'
import { option, toggle } from '../option.ts'
import type { Kind, OptionTable } from '../option.ts'

/** The changes of a migration; null leaves a value as it is. */
export interface SetOptions {
  share: number | null
  shadow: boolean | null
  shadowRate: number | null
  baseline: boolean | null
}

/** The defaults of {@link SET_OPTIONS}. */
export const SET_DEFAULTS: SetOptions = {
  share: null,
  shadow: null,
  shadowRate: null,
  baseline: null,
}

const AS_IT_IS = 'as it is'

const part: Kind<number | null> = {
  takes: 'value',
  read(texts) {
    const text = texts.at(-1) ?? ''
    const number = /^(\d+(\.\d+)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN
    if (number <= 1) return number
    throw new InvalidOptionError('must be a number from 0 to 1, such as 0.25')
  },
  show: (value) => (value === null ? AS_IT_IS : String(value)),
}
const change: Kind<boolean | null> = { ...toggle, show: () => AS_IT_IS }

/** The options of isthmus migrate set. They have no variables: a change is made once. */
export const SET_OPTIONS: OptionTable<SetOptions> = {
  share: option('share', 'Part of the clients that the new app answers, from 0 to 1', part),
  shadow: option('shadow', 'Copy requests to the new app; --no-shadow stops it', change),
  shadowRate: option('shadow-rate', 'Part of the requests that are copied, from 0 to 1', part),
  baseline: option(
    'baseline',
    'Ask the old app twice, and leave out its differences with itself',
    change,
  ),
}

/**
 * Checks that the options of a command fit together.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) without a change, and for a shadow that is off and set
 */
export function checkSet({ share, shadow, shadowRate, baseline }: SetOptions): void {
  const isSet = shadowRate !== null || baseline !== null
  if (share === null && shadow === null && !isSet) {
    throw new InvalidOptionError(
      'isthmus migrate set changes nothing without --share, --shadow-rate, --baseline or --no-shadow',
    )
  }
  if (shadow === false && isSet) {
    throw new InvalidOptionError('--no-shadow has no --shadow-rate and no --baseline')
  }
}
