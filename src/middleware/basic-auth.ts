// basicAuth(): asks for a name and a password with each request (RFC 7617).

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { isFieldValue } from '../http/headers.ts'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { wait } from '../chain/effects.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import type { RequestChanges } from '../chain/request.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Decides if a password belongs to a user. It may return a promise in a chain around an app that can wait. */
export type VerifyCredentials = (user: string, password: string) => boolean | PromiseLike<boolean>

/** Options of {@link basicAuth}. One of `users` and `verify` is required. */
export interface BasicAuthOptions {
  /** The password of each user, for a few users that the deployer knows. An undefined password is refused. */
  users?: Readonly<Record<string, string | undefined>> | undefined
  /**
   * Checks a name and a password elsewhere: against a hash in a database. The function itself has to take equally long
   * for unknown users.
   */
  verify?: VerifyCredentials | undefined
  /** The text that the browser shows when it asks for the password. Default `Restricted`. */
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
 * Answers 401 with the challenge, unless the request has the name and the password of a user. The app gets the name as
 * `user` in the state, and in `scope['isthmus.auth']` or as `REMOTE_USER` in its environ, with the `AUTH_TYPE` `Basic`. The middleware guards WebSocket handshakes too.
 *
 * It compares digests in constant time, and an unknown user takes as long as a known one. The password crosses the wire
 * as readable text: put `httpsRedirect()` outside. A CORS preflight has no credentials: put `cors()` outside.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
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
      if (isRight === true) return yield* next(request.with(namedIn(given)))
    }
    const headers = [['www-authenticate', challenge], TEXT] as const
    return respond(401, headers, 'A name and a password are needed.\n')
  })
}

function namedIn({ user }: Credentials): RequestChanges {
  return { state: { user }, auth: { type: 'Basic', user } }
}

const TEXT = ['content-type', 'text/plain; charset=utf-8'] as const
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i
const CONTROLS = /[\0-\x1f\x7f]/
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function credentialsOf(field: string | undefined): Credentials | null {
  const [, encoded] = BASIC.exec(field ?? '') ?? []
  const pair = encoded === undefined ? '' : decoded(Buffer.from(encoded, 'base64'))
  const colon = pair.indexOf(':')
  // RFC 7617, 2: the name and the password have no control characters.
  if (colon < 0 || CONTROLS.test(pair)) return null
  return { user: pair.slice(0, colon), password: pair.slice(colon + 1) }
}

// Bytes that are not UTF-8 match no password: a lenient decoder would turn many byte strings into the same text.
function decoded(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    return ''
  }
}

// The digests use a key of this process. They all have the same length, and a measurement of the comparison
// tells nothing about the passwords.
function verifierOf(users: Readonly<Record<string, string>>): VerifyCredentials {
  const key = randomBytes(32)
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const digests = new Map(Object.entries(users).map(([user, text]) => [user, digest(text)]))
  const ofUnknownUser = randomBytes(32)
  return (user, password) => timingSafeEqual(digest(password), digests.get(user) ?? ofUnknownUser)
}

function checked(options: BasicAuthOptions): { verify: VerifyCredentials; realm: string } {
  const { users, verify, realm } = completeOptions('basicAuth', options, DEFAULTS)
  const refused = (option: string, value: unknown, remedy: string): Error =>
    invalidOption('basicAuth', option, value, remedy)

  if (typeof realm !== 'string' || !isFieldValue(realm)) {
    throw refused('realm', realm, 'it is text that a header can carry')
  }
  if (options.users !== undefined && verify !== undefined) {
    throw refused('verify', verify, '"users" is given too; give one of the two')
  }
  if (verify !== undefined) {
    if (typeof verify !== 'function') throw refused('verify', verify, 'it is a function')
    return { verify, realm }
  }
  if (typeof users !== 'object' || users === null || Object.keys(users).length === 0) {
    throw refused(
      'users',
      typeof users,
      'it has the password of at least one user; or give "verify"',
    )
  }
  return { verify: verifierOf(checkedUsers(users)), realm }
}

// The values are passwords, so messages do not show them.
function checkedUsers(users: Readonly<Record<string, unknown>>): Record<string, string> {
  for (const [user, password] of Object.entries(users)) {
    if (user.includes(':') || CONTROLS.test(user)) {
      throw invalidOption(
        'basicAuth',
        'users',
        user,
        'a name has no colon and no control characters',
      )
    }
    if (typeof password === 'string' && password !== '' && !CONTROLS.test(password)) continue
    const remedy = `the password of "${user}" is text, not empty and without control characters`
    throw invalidOption('basicAuth', 'users', typeof password, remedy)
  }
  return users as Record<string, string>
}
