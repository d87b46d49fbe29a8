// Scope to environ: one pure function. Its inverse is environ-to-scope.ts, which lists the values that get lost.

import { BadRequestError } from '../errors.ts'
import { getHeader, ownCopy } from '../http/headers.ts'
import { splitHost } from '../http/host.ts'
import { stderrStream } from '../sync/errors-stream.ts'
import { wrapFile } from '../sync/file-wrapper.ts'
import type { Environ, InputStream } from '../contract/environ.ts'
import type { CheckedUser } from '../contract/checked-user.ts'
import type { HttpScope } from '../contract/events.ts'

// The signal is a getter, because an AbortController costs more than all other values of an environ, and few apps use
// it. All environs share this descriptor: with a function of its own, each environ would have a hidden class of its
// own.
const SIGNAL: PropertyDescriptor & ThisType<Environ> = {
  get() {
    return this['isthmus.scope']?.['isthmus.exchange']?.signal
  },
  set(value: unknown) {
    Object.defineProperty(this, 'isthmus.signal', { ...PLAIN, value })
  },
  enumerable: true,
  configurable: true,
}
const PLAIN = Object.freeze({ writable: true, enumerable: true, configurable: true })
const VERSION = Object.freeze([1, 0] as const)

/**
 * The environ of `scope`, with `input` as its body.
 *
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`, 404) if the path is not under the root path
 * @see PEP 3333, "environ Variables"; asgiref, "WSGI Compatibility"
 */
export function scopeToEnviron<Input extends InputStream>(
  scope: HttpScope,
  input: Input,
): Environ & { 'wsgi.input': Input } {
  const [serverName, serverPort] = serverOf(scope)
  const environ: Environ & { 'wsgi.input': Input } = {
    REQUEST_METHOD: scope.method,
    SCRIPT_NAME: scope.rootPath,
    PATH_INFO: pathInfo(scope),
    QUERY_STRING: scope.queryString,
    REQUEST_URI: scope.queryString ? `${scope.rawPath}?${scope.queryString}` : scope.rawPath,
    SERVER_NAME: serverName,
    SERVER_PORT: serverPort,
    SERVER_PROTOCOL: `HTTP/${scope.httpVersion}`,
    'wsgi.version': VERSION,
    'wsgi.url_scheme': scope.scheme,
    'wsgi.input': input,
    'wsgi.input_terminated': true,
    'wsgi.errors': stderrStream,
    'wsgi.multithread': false,
    'wsgi.multiprocess': false,
    'wsgi.run_once': false,
    'wsgi.file_wrapper': wrapFile,
    'isthmus.scope': scope,
    'isthmus.state': scope.state,
    'isthmus.channels': scope['isthmus.channels'],
    'isthmus.responseFinished': [],
  }
  Object.defineProperty(environ, 'isthmus.signal', SIGNAL)
  addClient(environ, scope.client)
  if (scope['isthmus.auth']) setUser(environ, scope['isthmus.auth'])
  addHeaders(environ, scope.headers)
  const deployed = scope['isthmus.exchange']?.hosting.environ
  for (const name in deployed) environ[name] = deployed[name]
  return environ
}

/** A copy of `environ`. The copy keeps the getter of the signal, so that the signal is still made on demand. */
export function copyEnviron(environ: Environ): Environ {
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(environ)) {
    if (key !== 'isthmus.signal') copy[key] = environ[key]
  }
  const signal = Object.getOwnPropertyDescriptor(environ, 'isthmus.signal')
  return (signal ? Object.defineProperty(copy, 'isthmus.signal', signal) : copy) as Environ
}

function pathInfo(scope: HttpScope): string {
  const { path, rootPath } = scope
  if (rootPath === '' || path === '*') return path
  const rest = path.slice(rootPath.length)
  if (path.startsWith(rootPath) && (rest === '' || rest.startsWith('/'))) return rest
  throw new BadRequestError(`the path is not under the root path "${rootPath}"`, 404)
}

function serverOf({ server, scheme, headers }: HttpScope): [name: string, port: string] {
  const defaultPort = scheme === 'https' ? '443' : '80'
  if (server && server[1] !== null) return [server[0], String(server[1])]
  if (!server) return ['localhost', defaultPort]

  // A unix socket has neither a name nor a port.
  const host = splitHost(getHeader(headers, 'host') ?? '')
  return host ? [host[0], host[1] ?? defaultPort] : [server[0], defaultPort]
}

function addClient(environ: Environ, client: HttpScope['client']): void {
  if (!client) return
  environ.REMOTE_ADDR = client[0]
  environ.REMOTE_PORT = String(client[1])
}

/** Names the user in `environ` (RFC 3875, 4.1.1 and 4.1.11). */
export function setUser(environ: Environ, { type, user }: CheckedUser): void {
  environ.AUTH_TYPE = type
  environ.REMOTE_USER = user
}

function addHeaders(environ: Environ, headers: HttpScope['headers']): void {
  for (const [name, value] of headers) {
    const key = environName(name)
    const before = environ[key] as string | undefined
    environ[key] = before === undefined ? value : before + separatorOf(name) + value
  }
  // Transfer-Encoding overrides a Content-Length (RFC 9112, 6.3).
  if (environ['HTTP_TRANSFER_ENCODING'] !== undefined) delete environ.CONTENT_LENGTH
}

/** The separator of joined values: a semicolon for cookies (RFC 6265, 5.4), else a comma (RFC 9110, 5.3). */
export function separatorOf(name: string): string {
  return name === 'cookie' ? '; ' : ','
}

const MAX_CACHED_NAMES = 512
const names = new Map<string, string>()

/** The key of an environ for the header `name` (lower-case). */
export function environName(name: string): string {
  const known = names.get(name)
  if (known !== undefined) return known

  const upper = name.toUpperCase().replaceAll('-', '_')
  const key = upper === 'CONTENT_TYPE' || upper === 'CONTENT_LENGTH' ? upper : `HTTP_${upper}`
  if (names.size < MAX_CACHED_NAMES) names.set(ownCopy(name), key)
  return key
}
