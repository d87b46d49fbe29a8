// The options that all channels share: the histories of groups, and the bounds of messages.

import { types } from 'node:util'
import { checkNumber, invalidOption, isObject } from '../complete-options.ts'
import { InvalidChannelError } from './errors.ts'
import { checkLog, guardedLog } from '../guarded-log.ts'
import { nameOf } from '../name-of.ts'
import type { Complete } from '../complete-options.ts'
import type { Log } from '../contract/log.ts'
import type { Payload } from './broker.ts'

/** The history of a group: the messages that a consumer gets after an absence. */
export interface HistoryOptions {
  /** The most messages that are kept. */
  size: number
  /** The age in ms at which a message is dropped. Default 300,000. */
  ttlMs?: number | undefined
}

/** The options that `memory()`, `cluster()` and `redis()` share. */
export interface ChannelsOptions {
  /**
   * The groups that keep a history, by name: `{ board: { size: 100, ttlMs: 60_000 }, 'room:*': { size: 20 } }`. A name that
   * ends with `*` is for all groups that begin so; the longest one counts. All processes of a broker need the same value.
   * Default none.
   */
  history?: Readonly<Record<string, HistoryOptions>> | undefined
  /** The longest message in bytes: the length of its JSON text in UTF-8, or of its bytes. Default 1 MiB. */
  maxMessageBytes?: number | undefined
  /** The log for errors of consumers and brokers. Default null: the log of the server that gets the channels. */
  log?: Log | null | undefined
}

/** A history with all values. */
export interface History {
  readonly size: number
  readonly ttlMs: number
}

/** The parts of channels that their options decide. */
export interface ChannelsSettings {
  readonly history: Readonly<Record<string, HistoryOptions>>
  readonly historyOf: HistoryTable
  readonly maxMessageBytes: number
  readonly log: Log | null
}

/** The default of each shared option. */
export const SHARED_DEFAULTS: Complete<ChannelsOptions> = {
  history: {},
  maxMessageBytes: 1024 * 1024,
  log: null,
}

/**
 * Checks the shared options of the function `name`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an impossible value
 */
export function settingsOf(name: string, options: Complete<ChannelsOptions>): ChannelsSettings {
  const { history, maxMessageBytes, log } = options
  checkNumber(name, 'maxMessageBytes', maxMessageBytes, { min: 1, isWhole: true })
  const historyOf = historyTable(name, history)
  if (log !== null) checkLog(name, log)
  return { history, historyOf, maxMessageBytes, log: log && guardedLog(log) }
}

const DEFAULT_TTL_MS = 300_000
const MAX_GROUP_CHARS = 255
/** The groups that carry direct messages begin so. */
export const DIRECT_PREFIX = 'isthmus.direct.'

/** Which groups keep a history. */
export type HistoryTable = (group: string) => History | null

/**
 * Checks the option `history` of the function `name`, and returns it as a function.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a history that is not possible
 */
function historyTable(
  name: string,
  histories: Readonly<Record<string, HistoryOptions>>,
): HistoryTable {
  const exact = new Map<string, History>()
  const prefixes: Array<[prefix: string, history: History]> = []
  if (!isObject(histories)) {
    throw invalidOption(name, 'history', histories, 'it is an object with a history for each group')
  }
  for (const [pattern, options] of Object.entries(histories)) {
    const history = checkedHistory(name, pattern, options)
    if (pattern.endsWith('*')) prefixes.push([pattern.slice(0, -1), history])
    else exact.set(pattern, history)
  }
  prefixes.sort(([one], [other]) => other.length - one.length)
  const none = exact.size === 0 && prefixes.length === 0
  return (group) => {
    if (none || group.startsWith(DIRECT_PREFIX)) return null
    const found = exact.get(group) ?? prefixes.find(([prefix]) => group.startsWith(prefix))?.[1]
    return found ?? null
  }
}

function checkedHistory(name: string, pattern: string, options: HistoryOptions): History {
  const place = `history.${pattern}`
  if (!isObject(options)) {
    throw invalidOption(name, place, options, 'it is an object with size and perhaps ttlMs')
  }
  const { size, ttlMs = DEFAULT_TTL_MS, ...rest } = options
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) {
    throw invalidOption(
      name,
      `${place}.${unknown}`,
      Reflect.get(rest, unknown),
      'it has size and ttlMs only',
    )
  }
  checkNumber(name, `${place}.size`, size, { min: 1, isWhole: true })
  checkNumber(name, `${place}.ttlMs`, ttlMs, { min: 1, isWhole: true, isTime: true })
  return { size, ttlMs }
}

/**
 * Checks the name of a group.
 *
 * @throws {@link InvalidChannelError} (`ISTHMUS_INVALID_CHANNEL`)
 */
export function checkGroup(group: unknown): asserts group is string {
  if (typeof group !== 'string' || group === '' || group.length > MAX_GROUP_CHARS) {
    throw new InvalidChannelError(
      `a group has a name of 1 to ${MAX_GROUP_CHARS} characters, got ${nameOf(group)}`,
    )
  }
  // A half of a surrogate pair has no form in UTF-8: two such names would become one.
  if (/\p{Surrogate}/u.test(group)) {
    throw new InvalidChannelError(
      'the name of a group has half of a surrogate pair; use whole characters',
    )
  }
  if (group.startsWith(DIRECT_PREFIX)) {
    throw new InvalidChannelError(
      `a group cannot begin with "${DIRECT_PREFIX}": use send(address, message)`,
    )
  }
}

/**
 * A message as text or bytes. The bytes are a copy, because the publisher may change its own.
 *
 * @throws {@link InvalidChannelError} (`ISTHMUS_INVALID_CHANNEL`) if JSON cannot express it, or if it is too long
 */
export function payloadOf(message: unknown, maxMessageBytes: number): Payload {
  const isBytes = types.isUint8Array(message)
  const payload = isBytes ? message : jsonOf(message)
  // A character has at most three bytes in UTF-8.
  const size = payload.length * 3 <= maxMessageBytes ? 0 : Buffer.byteLength(payload)
  if (size > maxMessageBytes) {
    throw new InvalidChannelError(
      `a message of ${size} bytes is above maxMessageBytes of ${maxMessageBytes}; publish the place of the data in its stead`,
    )
  }
  return isBytes ? new Uint8Array(message) : payload
}

function jsonOf(message: unknown): string {
  // JSON would make an empty object of these.
  if (ArrayBuffer.isView(message) || types.isAnyArrayBuffer(message)) {
    throw new InvalidChannelError(`the bytes of a message are a Uint8Array, got ${nameOf(message)}`)
  }
  let text: string | undefined
  try {
    text = JSON.stringify(message)
  } catch (cause) {
    throw new InvalidChannelError('JSON cannot express the message', { cause })
  }
  if (text !== undefined) return text
  throw new InvalidChannelError(`a message is bytes or a value of JSON, got ${nameOf(message)}`)
}
