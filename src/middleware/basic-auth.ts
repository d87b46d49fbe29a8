// basicAuth(): a name and a password for each request (RFC 7617).

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { validateHeaderValue } from 'node:http'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { wait } from '../chain/effects.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Says whether a password is that of a user; a promise of it only around apps that await. */
export type VerifyCredentials = (user: string, password: string) => boolean | PromiseLike<boolean>

/** Options of {@link basicAuth}. Either `users` or `verify` must be given. */
export interface BasicAuthOptions {
  /** Passwords by user, for a handful that the deployer knows. One that is undefined is refused. */
  users?: Readonly<Record<string, string | undefined>> | undefined
  /** Asks somebody else: a hash in a database. Taking equally long for users that do not exist is up to it. */
  verify?: VerifyCredentials | undefined
  /** What the browser shows. Default `Restricted`. */
  realm?: string | undefined
}

const DEFAULTS = {
  users: {} as Readonly<Record<string, string | undefined>>,
  verify: undefined as VerifyCredentials | undefined,
  realm: 'Restricted',
}

interface Credentials {
  user: string
  password: string
}

/**
 * Answers 401, with the challenge, unless the request has the name and the password of a user. The app finds the name as
 * `user` in the state. A WebSocket handshake is guarded too.
 *
 * What is compared are digests, in constant time, and an unknown user takes as long as a known one. The password crosses
 * the wire as good as plain: put `httpsRedirect()` outside of it. A preflight of CORS has no credentials: put `cors()`
 * outside of it.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an option that is unknown or impossible
 * @throws {@link WaitUnderSyncError} (`ISTHMUS_WAIT_UNDER_SYNC`) for a `verify` that returns a promise around a sync app
 * @see RFC 7617
 *
 * @example
 * chain(basicAuth({ users: { box: process.env.BOX_PASSWORD } }))(app)
 */
export function basicAuth(options: BasicAuthOptions): Wrap {
  const { verify, realm } = checked(options)
  const challenge = `Basic realm="${realm.replaceAll(/["\\]/g, '\\$&')}", charset="UTF-8"`
  return middleware('basic-auth', function* (request, next) {
    const given = credentialsOf(request.headers.get('authorization'))
    if (given) {
      const verdict = verify(given.user, given.password)
      const isRight = typeof verdict === 'boolean' ? verdict : yield* wait(verdict)
      if (isRight === true) return yield* next(request.with({ state: { user: given.user } }))
    }
    const headers = [['www-authenticate', challenge], TEXT] as const
    return respond(401, headers, 'Who are you?\n')
  })
}

const TEXT = ['content-type', 'text/plain; charset=utf-8'] as const
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i
const CONTROLS = /[\0-\x1f\x7f]/
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function credentialsOf(field: string | undefined): Credentials | null {
  const [, encoded] = BASIC.exec(field ?? '') ?? []
  const pair = encoded === undefined ? '' : decoded(Buffer.from(encoded, 'base64'))
  const colon = pair.indexOf(':')
  // RFC 7617, 2: neither half has control characters.
  if (colon < 0 || CONTROLS.test(pair)) return null
  return { user: pair.slice(0, colon), password: pair.slice(colon + 1) }
}

// What is not UTF-8 is nobody's password: read leniently, many byte strings would become the same text.
function decoded(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    return ''
  }
}

// Digests under a key of this process: equally long, whatever was given, and of no use to whoever measures.
function verifierOf(users: Readonly<Record<string, string>>): VerifyCredentials {
  const key = randomBytes(32)
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const digests = new Map(Object.entries(users).map(([user, text]) => [user, digest(text)]))
  const nobodys = randomBytes(32)
  return (user, password) => timingSafeEqual(digest(password), digests.get(user) ?? nobodys)
}

function checked(options: BasicAuthOptions): { verify: VerifyCredentials; realm: string } {
  const { users, verify, realm } = completeOptions('basicAuth', options, DEFAULTS)
  const refused = (option: string, value: unknown, remedy: string): Error =>
    invalidOption('basicAuth', option, value, remedy)

  if (typeof realm !== 'string' || !isFieldValue(realm)) {
    throw refused('realm', realm, 'it is text that a header can carry')
  }
  if (options.users !== undefined && verify !== undefined) {
    throw refused('verify', verify, 'there are "users" already; give one of the two')
  }
  if (verify !== undefined) {
    if (typeof verify !== 'function') throw refused('verify', verify, 'it is a function')
    return { verify, realm }
  }
  if (typeof users !== 'object' || users === null || Object.keys(users).length === 0) {
    throw refused('users', typeof users, 'it has passwords by user, at least one; or give "verify"')
  }
  return { verify: verifierOf(checkedUsers(users)), realm }
}

// The values are passwords: messages do not show them.
function checkedUsers(users: Readonly<Record<string, unknown>>): Record<string, string> {
  for (const [user, password] of Object.entries(users)) {
    if (user.includes(':') || CONTROLS.test(user)) {
      throw invalidOption('basicAuth', 'users', user, 'a name has no colon and no controls')
    }
    if (typeof password === 'string' && password !== '' && !CONTROLS.test(password)) continue
    const remedy = `the password of "${user}" is text, not empty and without controls`
    throw invalidOption('basicAuth', 'users', typeof password, remedy)
  }
  return users as Record<string, string>
}

function isFieldValue(text: string): boolean {
  try {
    validateHeaderValue('www-authenticate', text)
    return true
  } catch {
    return false
  }
}
