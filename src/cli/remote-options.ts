// The options of remote() on the command line: those of the apps that isthmus serve makes of remote: names.

import { isObject } from '../complete-options.ts'
import { InvalidOptionError } from '../errors.ts'
import { REMOTE_DEFAULTS } from '../adapters/remote/settings.ts'
import { textIn } from './file-value.ts'
import * as kind from './option.ts'
import { option } from './option.ts'
import type { RemoteBalance, RemoteOptions, RemoteSettings } from '../adapters/remote/settings.ts'
import type { OptionTable } from './option.ts'

/** The options of `remote()` that a flag can express, for the apps that the command line makes. */
export interface RemoteFlags extends Pick<
  RemoteSettings,
  'balance' | 'host' | 'mountPath' | 'headTimeoutMs' | 'idleTimeoutMs' | 'retries'
> {
  /** `health.path`; null for no checks. */
  healthPath: string | null
}

/** The defaults of {@link REMOTE_OPTIONS}. */
export const REMOTE_FLAG_DEFAULTS: RemoteFlags = { ...REMOTE_DEFAULTS, healthPath: null }

const MOST_RETRIES = 100

const balance: kind.Kind<RemoteBalance> = {
  takes: 'value',
  read: (texts) => readBalance(texts.at(-1) ?? ''),
  from: (given) => readBalance(isObject(given) ? hashText(given) : textIn(given)),
  show: String,
}

const host: kind.Kind<string> = {
  ...kind.text,
  read: (texts) => {
    const given = kind.text.read(texts)
    if (/^[^\s/@]+$/.test(given)) return given
    throw new InvalidOptionError('must be keep, target, or a host such as app.example:80')
  },
}

const healthPath: kind.Kind<string | null> = {
  takes: 'value',
  read: (texts) => {
    const given = texts.at(-1) ?? ''
    if (/^\/[\x21-\x7e]*$/.test(given)) return given
    throw new InvalidOptionError('must be a path that starts with "/", such as /healthz')
  },
  show: (shown) => shown ?? 'none',
}

/** The options of every `remote:` app. */
export const REMOTE_OPTIONS: OptionTable<RemoteFlags> = {
  balance: option(
    'remote-balance',
    'Choice of the server: least-pending, round-robin, or a hash: client, header:NAME, cookie:NAME',
    balance,
  ),
  host: option('remote-host', 'Host field for the server: keep, target, or a text', host),
  mountPath: option(
    'remote-mount-path',
    'Path of the mount in the path for the server: keep or strip',
    kind.oneOf('keep', 'strip'),
  ),
  headTimeoutMs: option(
    'remote-head-timeout',
    'Seconds for the head of a response; then 504',
    kind.secondsAbove,
  ),
  idleTimeoutMs: option(
    'remote-idle-timeout',
    'Seconds that a server may send nothing within a response',
    kind.secondsAbove,
  ),
  retries: option(
    'remote-retries',
    'Further attempts of an idempotent request that got no response',
    kind.integer(0, MOST_RETRIES),
  ),
  healthPath: option('remote-health-path', 'Path that checks of the servers ask for', healthPath),
}

/** Makes options of `remote()`. */
export function remoteOptions({ healthPath: path, ...flags }: RemoteFlags): RemoteOptions {
  const { balance: chosen, host: field, mountPath, headTimeoutMs, idleTimeoutMs, retries } = flags
  const health = path === null ? {} : { path }
  return { balance: chosen, host: field, mountPath, headTimeoutMs, idleTimeoutMs, retries, health }
}

// { hash: { header: 'x-user' } } is header:x-user.
function hashText({ hash }: { hash?: unknown }): string {
  if (!isObject(hash)) return String(hash)
  return Object.entries(hash)
    .map(([by, name]) => `${by}:${String(name)}`)
    .join(',')
}

function readBalance(given: string): RemoteBalance {
  if (given === 'least-pending' || given === 'round-robin') return given
  if (given === 'client') return { hash: 'client' }
  const [, by, name] = /^(header|cookie):([!#$%&'*+.^`|~\w-]+)$/.exec(given) ?? []
  if (by === 'header' && name !== undefined) return { hash: { header: name } }
  if (by === 'cookie' && name !== undefined) return { hash: { cookie: name } }
  throw new InvalidOptionError(
    'must be least-pending, round-robin, client, header:NAME or cookie:NAME',
  )
}
