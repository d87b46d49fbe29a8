// Completes the options of serve() with their defaults, and refuses an impossible value before anything starts.

import { checkNumber, completeOptions, invalidOption, isObject } from '../complete-options.ts'
import { InvalidOptionError } from '../errors.ts'
import { checkLog, guardedLog } from '../guarded-log.ts'
import { DEFAULTS } from './options.ts'
import { proxyTrust } from './proxy-protocol/proxy-headers.ts'
import { checkOwner, checkSocketPath } from './socket-file.ts'
import { tlsFault } from './tls-fault.ts'
import { TlsFiles } from './tls/tls-files.ts'
import { areOrigins } from './websocket/origins.ts'
import type { NumberRange } from '../complete-options.ts'
import type { Channels } from '../contract/channels.ts'
import type { Log } from '../contract/log.ts'
import type { Listener } from './listener.ts'
import type { ServeOptions, Settings } from './options.ts'

const MAX_INT = 2 ** 31 - 1
const COUNT: NumberRange = { min: 1, isWhole: true }
const LIMIT: NumberRange = { min: 1, max: Infinity, isWhole: true }
const TIME: NumberRange = { min: 0, max: Infinity, isTime: true }
const WHOLE: NumberRange = { min: 0, isWhole: true }
const WHOLE_TIME: NumberRange = { ...WHOLE, isTime: true }

const RANGES = {
  port: { min: 0, max: 65_535, isWhole: true },
  backlog: { min: 1, max: MAX_INT, isWhole: true },
  lifespanTimeoutMs: TIME,
  keepAliveTimeoutMs: TIME,
  headTimeoutMs: TIME,
  bodyTimeoutMs: TIME,
  writeTimeoutMs: TIME,
  maxHeadBytes: COUNT,
  maxRequestLineBytes: COUNT,
  maxHeaderFields: COUNT,
  maxBodyBytes: LIMIT,
  maxConcurrency: LIMIT,
  drainIdleMs: { min: 0, isTime: true },
  // A shutdown ends in any case, so Infinity is impossible.
  graceMs: { min: 0, isTime: true },
  'sync.maxInlineBodyBytes': LIMIT,
  'websocket.maxMessageBytes': WHOLE,
  'websocket.maxFragments': COUNT,
  'websocket.maxQueue': WHOLE,
  'websocket.pingIntervalMs': WHOLE_TIME,
  'websocket.pongTimeoutMs': WHOLE_TIME,
  'websocket.closeTimeoutMs': WHOLE_TIME,
} satisfies Record<string, NumberRange>

const CHOICES = {
  proxyProtocol: ['off', 'always', 'trusted'],
  protocol: ['http', 'scgi', 'fastcgi'],
  engine: ['native', 'node'],
  rootPathMode: ['prepend', 'verify'],
  headerMap: ['drop', 'refuse', 'dangerous'],
  lifespan: ['auto', 'on', 'off'],
} as const

/**
 * Completes `options` with the defaults.
 *
 * @param log replaces the option `log`, which may be left out; the settings have it guarded
 * @param caller the function that takes the options, for messages
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function resolveOptions(options: ServeOptions, log: Log, caller = 'serve'): Settings {
  const completed = completeOptions(caller, options, { ...DEFAULTS, log: null as Log | null })
  checkNumbers(caller, completed)
  checkChoices(caller, completed)
  checkHost(caller, completed.host)
  checkSocketPath(caller, completed.uds)
  checkServerHeader(caller, completed.serverHeader)
  checkLog(caller, log)
  checkMode(caller, completed.udsMode)
  checkOwner(caller, completed.udsOwner)
  checkProbes(caller, completed.health)
  checkProxies(caller, completed.proxyProtocolFrom)
  const { channels, fd, listener, rootPath, signal, sync, tls, websocket } = completed
  if (channels !== null && !isChannels(channels)) {
    const remedy = 'it is memory(), cluster() or redis() of isthmus/channels, or null'
    throw invalidOption(caller, 'channels', channels, remedy)
  }
  if (tls !== null) checkTls(caller, tls, completed.protocol)
  if (fd !== null) checkNumber(caller, 'fd', fd, { min: 0, max: MAX_INT, isWhole: true })
  if (listener !== null && !isListener(listener)) {
    const remedy = 'it has an address and the functions open() and close(), or is null'
    throw invalidOption(caller, 'listener', listener, remedy)
  }
  if (!isObjectOfStrings(sync.environ)) {
    const remedy = 'it is an object whose values are strings'
    throw invalidOption(caller, 'sync.environ', sync.environ, remedy)
  }
  if (!areOrigins(websocket.origins)) {
    const remedy = 'it is "*", "same", or a list of origins such as "https://example.org"'
    throw invalidOption(caller, 'websocket.origins', websocket.origins, remedy)
  }
  if (signal !== null && !(signal instanceof AbortSignal)) {
    throw invalidOption(caller, 'signal', signal, 'it is an AbortSignal, or null')
  }
  if (typeof rootPath !== 'string' || !/^(?:\/|$)/.test(rootPath)) {
    const remedy = 'it is empty, or a path that starts with "/"'
    throw invalidOption(caller, 'rootPath', rootPath, remedy)
  }
  return {
    ...completed,
    ...placeOf(listener),
    rootPath: withoutTrailingSlashes(rootPath),
    // A copy: the object of the caller may change while the server runs.
    sync: { ...sync, environ: { ...sync.environ } },
    log: guardedLog(log),
  }
}

function isListener(value: unknown): value is Listener {
  if (!isObject(value) || !isObject(Reflect.get(value, 'address'))) return false
  return ['open', 'close'].every((name) => typeof Reflect.get(value, name) === 'function')
}

// The listener has the place of the server.
function placeOf(listener: Listener | null): Partial<Settings> {
  if (listener === null) return {}
  const { address } = listener
  return { fd: null, uds: 'path' in address ? address.path : null }
}

function checkNumbers(caller: string, values: object): void {
  for (const [path, range] of Object.entries(RANGES)) {
    const value = path
      .split('.')
      .reduce<unknown>((at, key) => Reflect.get(at as object, key), values)
    checkNumber(caller, path, value, range)
  }
}

// node:net reads an empty host as "every interface".
function checkHost(caller: string, host: unknown): void {
  if (typeof host === 'string' && /^\S+$/.test(host)) return
  const remedy = 'it is a name or an address; "0.0.0.0" or "::" listens on every interface'
  throw invalidOption(caller, 'host', host, remedy)
}

function checkProxies(caller: string, from: unknown): void {
  if (!Array.isArray(from) || from.length === 0) {
    const remedy = "it is a list of addresses and ranges, such as ['10.0.0.0/8']"
    throw invalidOption(caller, 'proxyProtocolFrom', from, remedy)
  }
  proxyTrust(caller, from)
}

function checkProbes(caller: string, health: Settings['health']): void {
  for (const [name, path] of Object.entries(health) as Array<[string, unknown]>) {
    if (path === null || (typeof path === 'string' && /^\/[^?#\s]*$/.test(path))) continue
    throw invalidOption(
      caller,
      `health.${name}`,
      path,
      'it is a path that starts with "/", or null',
    )
  }
}

function checkMode(caller: string, mode: unknown): void {
  if (mode === null || (Number.isInteger(mode) && Number(mode) >= 0 && Number(mode) <= 0o777))
    return
  throw invalidOption(
    caller,
    'udsMode',
    mode,
    'it is a mode from 0 to 0o777, such as 0o660, or null',
  )
}

// The message does not show the value: it has the private key.
function checkTls(caller: string, tls: NonNullable<Settings['tls']>, protocol: string): void {
  if (protocol !== 'http') {
    const remedy = 'it is http with the option tls: a gateway protocol has no TLS'
    throw invalidOption(caller, 'protocol', protocol, remedy)
  }
  // The constructor has checked the files.
  if (tls instanceof TlsFiles) return
  if (typeof tls !== 'object') {
    throw invalidOption(caller, 'tls', tls, 'it is an object with key and cert, or null')
  }
  const fault = tlsFault(tls)
  if (!fault) return
  const { part, reason } = fault
  const names =
    part === 'pair' ? 'options "tls.key" and "tls.cert"' : `option "tls${part ? `.${part}` : ''}"`
  throw new InvalidOptionError(`${caller}(): ${names} ${reason}`)
}

function checkChoices(caller: string, values: Record<keyof typeof CHOICES, string>): void {
  for (const name of Object.keys(CHOICES) as Array<keyof typeof CHOICES>) {
    const choices: readonly string[] = CHOICES[name]
    if (choices.includes(values[name])) continue
    const remedy = `it is ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
    throw invalidOption(caller, name, values[name], remedy)
  }
}

function checkServerHeader(caller: string, value: unknown): void {
  if (value === null || (typeof value === 'string' && SERVER.test(value))) return
  throw invalidOption(caller, 'serverHeader', value, 'it is visible ASCII text, or null for none')
}

const SERVER = /^[!-~](?:[ -~]*[!-~])?$/

function isChannels(value: unknown): boolean {
  const { publish, subscribe } = value as Partial<Channels>
  return typeof publish === 'function' && typeof subscribe === 'function'
}

function isObjectOfStrings(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string')
}

/** The form of a root path: `''` for the root. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}
