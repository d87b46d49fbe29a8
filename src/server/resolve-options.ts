// Completes the options of serve() with their defaults, and refuses an impossible value before anything starts.

import { completeOptions, invalidOption } from '../complete-options.ts'
import { DEFAULTS } from './options.ts'
import type { Log } from '../contract/log.ts'
import type { ServeOptions, Settings } from './options.ts'

interface Rule {
  holds(value: unknown): boolean
  /** What is possible, as the end of a sentence. */
  remedy: string
}

const COUNT: Rule = { holds: isCount, remedy: 'it is a whole number from 1' }
const BOUND: Rule = {
  holds: (value) => value === Infinity || isCount(value),
  remedy: 'it is a whole number from 1, or Infinity',
}
const TIME: Rule = {
  holds: (value) => typeof value === 'number' && value >= 0,
  remedy: 'it is a number of milliseconds from 0',
}
const WHOLE: Rule = { holds: isWhole, remedy: 'it is a whole number from 0' }

const RULES: Partial<Record<keyof Settings, Rule>> = {
  port: {
    holds: (port) => isWhole(port) && port < 65_536,
    remedy: 'it is a whole number from 0 to 65535',
  },
  fd: {
    holds: (fd) => fd === null || isWhole(fd),
    remedy: 'it is the number of a descriptor, or null',
  },
  backlog: COUNT,
  engine: oneOf('native', 'node'),
  rootPath: {
    holds: (path) => typeof path === 'string' && /^(?:\/|$)/.test(path),
    remedy: 'it is empty, or a path that starts with "/"',
  },
  rootPathMode: oneOf('prepend', 'verify'),
  headerMap: oneOf('drop', 'refuse', 'dangerous'),
  lifespan: oneOf('auto', 'on', 'off'),
  lifespanTimeoutMs: TIME,
  keepAliveTimeoutMs: TIME,
  headTimeoutMs: TIME,
  bodyTimeoutMs: TIME,
  writeTimeoutMs: TIME,
  maxHeadBytes: COUNT,
  maxRequestLineBytes: COUNT,
  maxHeaderFields: COUNT,
  maxBodyBytes: BOUND,
  maxConcurrency: BOUND,
  graceMs: {
    holds: (ms) => TIME.holds(ms) && ms !== Infinity,
    remedy: 'it is a finite number of milliseconds from 0, because a shutdown ends in any case',
  },
  signal: {
    holds: (signal) => signal === null || signal instanceof AbortSignal,
    remedy: 'it is an AbortSignal, or null',
  },
}

const SYNC_RULES: Partial<Record<keyof Settings['sync'], Rule>> = {
  environ: { holds: isObjectOfStrings, remedy: 'it is an object whose values are strings' },
  maxInlineBodyBytes: BOUND,
}

const WEBSOCKET_RULES: Partial<Record<keyof Settings['websocket'], Rule>> = {
  maxMessageBytes: WHOLE,
  maxQueue: WHOLE,
  pingIntervalMs: WHOLE,
  pongTimeoutMs: WHOLE,
  closeTimeoutMs: WHOLE,
}

/**
 * Completes `options` with the defaults.
 *
 * @param caller the function that takes the options, for messages
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function resolveOptions(options: ServeOptions, log: Log, caller = 'serve'): Settings {
  const sync = completeOptions(caller, options.sync ?? {}, DEFAULTS.sync)
  const websocket = completeOptions(caller, options.websocket ?? {}, DEFAULTS.websocket)
  const settings = completeOptions<Settings>(
    caller,
    { ...options, sync, websocket, log },
    { ...DEFAULTS, log },
  )
  check(caller, settings, RULES)
  check(caller, sync, SYNC_RULES, 'sync.')
  check(caller, websocket, WEBSOCKET_RULES, 'websocket.')
  // A copy: the object of the caller may change while the server runs.
  sync.environ = { ...sync.environ }
  settings.rootPath = settings.rootPath.replace(/\/+$/, '')
  return settings
}

function check(caller: string, values: object, rules: object, prefix = ''): void {
  for (const [name, rule] of Object.entries(rules) as Array<[string, Rule]>) {
    const value: unknown = Reflect.get(values, name)
    if (!rule.holds(value)) throw invalidOption(caller, prefix + name, value, rule.remedy)
  }
}

function oneOf(...choices: string[]): Rule {
  return {
    holds: (value) => typeof value === 'string' && choices.includes(value),
    remedy: `it is ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`,
  }
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}

function isCount(value: unknown): boolean {
  return isWhole(value) && value > 0
}

function isObjectOfStrings(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every((text) => typeof text === 'string')
}
