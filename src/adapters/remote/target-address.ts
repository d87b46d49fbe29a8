// The address of a target, read from the text that the user gives.

import { isIP } from 'node:net'
import { invalidOption } from '../../complete-options.ts'

/** Where a target is. */
export interface TargetAddress {
  /** The text for logs and reports: `http://127.0.0.1:3000`, `unix:/run/app.sock`. */
  readonly text: string
  /** The origin of a URL; that of a unix socket is only a name. */
  readonly origin: string
  readonly secure: boolean
  /** The value of a Host field that means the target. */
  readonly host: string
  /** The name for TLS; undefined for an address, which TLS does not name. */
  readonly name: string | undefined
  /** The path of a unix socket. */
  readonly socketPath: string | undefined
}

const REMEDY =
  'it is http://host:port, https://host:port or unix:/path/of.sock, without a path, a query or a user'

/**
 * Reads targets.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for no target, one in another form, and one that occurs
 *   twice
 */
export function targetAddresses(
  targets: string | URL | ReadonlyArray<string | URL>,
): TargetAddress[] {
  const list: unknown[] = Array.isArray(targets) ? targets : [targets]
  if (list.length === 0) {
    throw invalidOption('remote', 'targets', targets, 'it is one target or more')
  }
  const addresses = list.map(addressOf)
  const texts = addresses.map(({ text }) => text)
  const twice = texts.find((text, at) => texts.indexOf(text) < at)
  if (twice === undefined) return addresses
  throw invalidOption('remote', 'targets', twice, 'each target is named once')
}

function addressOf(target: unknown): TargetAddress {
  const text = target instanceof URL ? target.href : target
  if (typeof text !== 'string') throw invalidOption('remote', 'targets', target, REMEDY)
  return text.startsWith('unix:') ? unixAddress(text) : urlAddress(text)
}

function unixAddress(text: string): TargetAddress {
  const socketPath = text.slice('unix:'.length)
  if (!socketPath.startsWith('/')) throw invalidOption('remote', 'targets', text, REMEDY)
  const host = 'localhost'
  return { text, origin: 'http://localhost', secure: false, host, name: undefined, socketPath }
}

function urlAddress(text: string): TargetAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (!url || !isHttp || !isOrigin(url)) throw invalidOption('remote', 'targets', text, REMEDY)
  const { origin, host, hostname } = url
  const isName = isIP(hostname.replace(/^\[|\]$/g, '')) === 0
  return {
    text: origin,
    origin,
    secure: url.protocol === 'https:',
    host,
    name: isName ? hostname : undefined,
    socketPath: undefined,
  }
}

function isOrigin({ pathname, search, hash, username, password }: URL): boolean {
  return pathname === '/' && search + hash + username + password === ''
}
