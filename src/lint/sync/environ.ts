// The environ under lint: checks the keys and values that a server or a middleware passes to an app.

import { isFieldValue, isToken } from '../../http/headers.ts'
import { describe } from '../../sync/chunk.ts'
import { breach } from '../breach.ts'
import { nameOf } from '../../name-of.ts'
import { isPlainObject } from '../plain-object.ts'
import type { Environ } from '../../contract/environ.ts'
import type { LintError } from '../../errors.ts'
import type { Party } from '../breach.ts'

const RULE = 'PEP 3333 (environ Variables)'
const STRINGS = [
  'REQUEST_METHOD',
  'SCRIPT_NAME',
  'PATH_INFO',
  'QUERY_STRING',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
  'wsgi.url_scheme',
]
const BOOLEANS = ['wsgi.multithread', 'wsgi.multiprocess', 'wsgi.run_once']
const DIGITS = /^\d+$/
const PORT = /^\d{1,5}$/
const MOST_PORTS = 65_535
const PROTOCOL = /^HTTP\/\d(\.\d)?$/

/**
 * Checks keys, types and values.
 *
 * @param environ the first argument of the app
 * @param party the caller of the app, for messages
 * @throws {@link LintError} `ISTHMUS_LINT`
 * @see PEP 3333, "environ Variables"
 */
export function checkEnviron(environ: unknown, party: Party): asserts environ is Environ {
  if (!isPlainObject(environ)) {
    throw breach(party, RULE, `environ is ${describe(environ)}`, 'pass a plain object')
  }
  if (!Object.isExtensible(environ)) {
    const remedy = 'pass an object of its own to each request'
    throw breach(party, RULE, 'environ cannot be changed', remedy)
  }
  checkRequired(environ, party)
  checkVariables(environ, party)
  checkPath(environ as Environ, party)
  checkValues(environ as Environ, party)
  checkStreams(environ, party)
}

/**
 * Checks the methods of an input that can be awaited.
 *
 * @throws {@link LintError} `ISTHMUS_LINT`
 */
export function checkAsyncInput(environ: Record<string, unknown>, party: Party): void {
  requireMethods(environ, 'wsgi.input', ['readAsync', 'read1Async', Symbol.asyncIterator], party)
}

function checkRequired(environ: Record<string, unknown>, party: Party): void {
  for (const key of STRINGS) requireType(environ, key, 'string', party)
  for (const key of BOOLEANS) requireType(environ, key, 'boolean', party)
}

function requireType(
  environ: Record<string, unknown>,
  key: string,
  type: 'string' | 'boolean',
  party: Party,
): void {
  if (typeof environ[key] === type) return
  const found = key in environ ? describe(environ[key]) : 'missing'
  throw breach(party, RULE, `${key} is ${found}`, `it is always a ${type}`)
}

// A key without a dot is a CGI variable; the keys of servers and middleware have a dot.
function checkVariables(environ: Record<string, unknown>, party: Party): void {
  for (const [key, value] of Object.entries(environ)) {
    if (key.includes('.')) continue
    if (typeof value !== 'string') {
      const remedy = 'leave a missing variable out (a key of your own has a dot)'
      throw breach(party, RULE, `${key} is ${describe(value)}, not a string`, remedy)
    }
    if (key.startsWith('HTTP_') && !isFieldValue(value)) {
      throw breach(party, RULE, `${key} is no header value`, 'keep it latin-1, as on the wire')
    }
  }
  for (const name of ['CONTENT_TYPE', 'CONTENT_LENGTH']) {
    if (`HTTP_${name}` in environ) throw breach(party, RULE, `HTTP_${name} is set`, `set ${name}`)
  }
}

function checkPath({ REQUEST_METHOD, SCRIPT_NAME, PATH_INFO }: Environ, party: Party): void {
  if (SCRIPT_NAME !== '' && (!SCRIPT_NAME.startsWith('/') || SCRIPT_NAME.endsWith('/'))) {
    const fact = `SCRIPT_NAME is ${nameOf(SCRIPT_NAME)}`
    throw breach(party, RULE, fact, "it is '' or begins with '/', and does not end with one")
  }
  if (PATH_INFO === '*' && REQUEST_METHOD === 'OPTIONS') return
  if (PATH_INFO !== '' && !PATH_INFO.startsWith('/')) {
    const fact = `PATH_INFO is ${nameOf(PATH_INFO)}`
    throw breach(party, RULE, fact, "it is '' or begins with '/'")
  }
  if (SCRIPT_NAME === '' && PATH_INFO === '') {
    throw breach(party, RULE, 'SCRIPT_NAME and PATH_INFO are empty', "PATH_INFO is at least '/'")
  }
}

function checkValues(environ: Environ, party: Party): void {
  const wrong = (key: string, remedy: string): LintError =>
    breach(party, RULE, `${key} is ${nameOf(environ[key])}`, remedy)

  if (!isToken(environ.REQUEST_METHOD)) throw wrong('REQUEST_METHOD', 'it is a token')
  if (!isFieldValue(environ.QUERY_STRING)) throw wrong('QUERY_STRING', 'keep it as on the wire')
  if (environ.SERVER_NAME === '') throw wrong('SERVER_NAME', 'it is never empty')
  if (!PORT.test(environ.SERVER_PORT) || Number(environ.SERVER_PORT) > MOST_PORTS)
    throw wrong('SERVER_PORT', 'it is a port in digits')
  if (!PROTOCOL.test(environ.SERVER_PROTOCOL))
    throw wrong('SERVER_PROTOCOL', "it is such as 'HTTP/1.1'")
  if (environ.CONTENT_LENGTH && !DIGITS.test(environ.CONTENT_LENGTH)) {
    throw wrong('CONTENT_LENGTH', 'it is a number of bytes in digits, or left out')
  }
  if (!/^https?$/.test(environ['wsgi.url_scheme']))
    throw wrong('wsgi.url_scheme', "it is 'http' or 'https'")
  if (!isVersion(environ['wsgi.version'])) throw wrong('wsgi.version', 'it is [1, 0]')
}

function isVersion(version: unknown): boolean {
  return Array.isArray(version) && version.length === 2 && version[0] === 1 && version[1] === 0
}

function checkStreams(environ: Record<string, unknown>, party: Party): void {
  requireMethods(environ, 'wsgi.input', ['read', 'readline', 'readlines', Symbol.iterator], party)
  requireMethods(environ, 'wsgi.errors', ['write', 'writelines', 'flush'], party)

  const wrapper = environ['wsgi.file_wrapper']
  if (wrapper !== undefined && typeof wrapper !== 'function') {
    const fact = `wsgi.file_wrapper is ${describe(wrapper)}`
    throw breach(party, RULE, fact, 'it is a function, or left out')
  }
  checkOwnKeys(environ, party)
}

function checkOwnKeys(environ: Record<string, unknown>, party: Party): void {
  const terminated = environ['wsgi.input_terminated']
  if (terminated !== undefined && typeof terminated !== 'boolean') {
    const fact = `wsgi.input_terminated is ${describe(terminated)}`
    throw breach(party, RULE, fact, 'it is a boolean, or left out')
  }
  const { 'isthmus.signal': signal, 'isthmus.state': state } = environ
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    const fact = `isthmus.signal is ${describe(signal)}`
    throw breach(party, 'the environ', fact, 'it is an AbortSignal, or left out')
  }
  if (state !== undefined && !isPlainObject(state)) {
    const fact = `isthmus.state is ${describe(state)}`
    throw breach(party, 'the environ', fact, 'it is a plain object, or left out')
  }
  const finished = environ['isthmus.responseFinished']
  if (finished !== undefined && !Array.isArray(finished)) {
    const fact = `isthmus.responseFinished is ${describe(finished)}`
    throw breach(party, 'the environ', fact, 'it is an array of callbacks: push yours')
  }
}

function requireMethods(
  environ: Record<string, unknown>,
  key: string,
  methods: PropertyKey[],
  party: Party,
): void {
  const stream = environ[key] as Record<PropertyKey, unknown> | null | undefined
  const missing = methods.find((method) => typeof stream?.[method] !== 'function')
  if (missing === undefined) return
  throw breach(party, RULE, `${key} has no ${String(missing)}()`, 'pass a whole stream')
}
