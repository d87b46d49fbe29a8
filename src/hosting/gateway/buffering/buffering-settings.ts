// The options of buffering, each with its default in one literal.

import { tmpdir } from 'node:os'
import { checkNumber, invalidOption, isObject } from '../../../complete-options.ts'
import type { Complete, NumberRange } from '../../../complete-options.ts'

/**
 * The bounds within which a pool holds the bodies of slow clients, so that no thread waits for them. All are in bytes;
 * 0 for both bounds of a direction streams that direction.
 */
export interface BufferingOptions {
  /** The bytes of one request body that stay in memory; a longer body goes to a temporary file. Default 1 MiB. */
  maxRequestMemoryBytes?: number | undefined
  /** The bytes of one request body in its temporary file. The rest of a longer body streams. Default 1 GiB. */
  maxRequestFileBytes?: number | undefined
  /** The bytes of one response that stay in memory; further ones go to a temporary file. Default 1 MiB. */
  maxResponseMemoryBytes?: number | undefined
  /** The bytes of one response in its temporary file; then the thread waits for the client. Default 64 MiB. */
  maxResponseFileBytes?: number | undefined
  /** The bytes in all temporary files of the pool. Without room in them, bodies stream. Default 4 GiB. */
  maxTotalFileBytes?: number | undefined
  /** The directory of the temporary files, which have no name. Default: the directory of the system. */
  directory?: string | undefined
}

/** The completed options. */
export type BufferingSettings = Complete<BufferingOptions>

const MIB = 1024 * 1024

export const BUFFERING_DEFAULTS: BufferingSettings = {
  maxRequestMemoryBytes: MIB,
  maxRequestFileBytes: 1024 * MIB,
  maxResponseMemoryBytes: MIB,
  maxResponseFileBytes: 64 * MIB,
  maxTotalFileBytes: 4096 * MIB,
  directory: tmpdir(),
}

/** The settings for `buffering: false`. */
const NO_BUFFERING: BufferingSettings = {
  maxRequestMemoryBytes: 0,
  maxRequestFileBytes: 0,
  maxResponseMemoryBytes: 0,
  maxResponseFileBytes: 0,
  maxTotalFileBytes: 0,
  directory: tmpdir(),
}

const BYTES: NumberRange = { min: 0, max: Infinity, isWhole: true }

/**
 * Checks completed settings.
 *
 * @param name the function that takes the options
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an impossible value
 */
export function checkBuffering(name: string, settings: BufferingSettings): void {
  const { directory, ...bounds } = settings
  for (const [option, bound] of Object.entries(bounds)) {
    checkNumber(name, `buffering.${option}`, bound, BYTES)
  }
  if (typeof directory !== 'string' || directory === '') {
    throw invalidOption(name, 'buffering.directory', directory, 'it is the path of a directory')
  }
}

/** Options with a group that `false` may stand for. */
interface Buffered {
  buffering?: BufferingOptions | false | undefined
}

/**
 * Returns `options` with the group of options for which `false` is short.
 *
 * @param name the function that takes the options
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if `buffering` is neither false nor a group
 */
export function withBufferingGroup<Options extends Buffered>(
  name: string,
  options: Options,
): Omit<Options, 'buffering'> & { buffering?: BufferingOptions } {
  // The caller completes the options, and refuses others.
  if (!isObject(options)) return options
  const { buffering, ...others } = options
  if (buffering === undefined) return others
  if (buffering === false) return { ...others, buffering: NO_BUFFERING }
  if (typeof buffering === 'object') return { ...others, buffering }
  throw invalidOption(name, 'buffering', buffering, 'it is false, or an object of options')
}
