// The cookies of a test client (RFC 6265).

import { isIP } from 'node:net'
import { cookieDate } from './cookie-date.ts'
import { trimmed } from './request.ts'

/** The target of a request, as far as cookies depend on it. */
export interface CookiePlace {
  /** In lower case, without the port. */
  host: string
  /** The path as sent, without the query. */
  path: string
  secure: boolean
}

interface Cookie {
  name: string
  value: string
  domain: string
  /** The cookie is for `domain` alone, not for the hosts below it. */
  hostOnly: boolean
  path: string
  secure: boolean
  /** In ms since 1970; Infinity for a cookie of the session. */
  expires: number
}

/** The cookies that the responses have set; a request sends those that fit its host, its path and its scheme. */
export class CookieJar {
  readonly #home: CookiePlace
  // In the order of their creation.
  #cookies: Cookie[] = []

  /**
   * @internal
   * @param home the root of the client's own host
   */
  constructor(home: CookiePlace) {
    this.#home = home
  }

  /** The value of the cookie that a request to `path` sends first; undefined if it sends none of this name. */
  get(name: string, path = '/'): string | undefined {
    return this.#matching({ ...this.#home, path }).find((cookie) => cookie.name === name)?.value
  }

  /**
   * Takes a cookie, as if the client's host had sent it in a response to a request for `/`.
   *
   * @param setCookie the value of a `Set-Cookie`: `'sid=1; Path=/app'`
   */
  set(setCookie: string): void {
    this.store([setCookie], this.#home)
  }

  /** Forgets all cookies. */
  clear(): void {
    this.#cookies = []
  }

  /**
   * Takes the values of the `Set-Cookie` fields of a response to a request for `place`.
   *
   * @internal
   */
  store(setCookies: readonly string[], place: CookiePlace): void {
    for (const text of setCookies) {
      const cookie = parsedCookie(text, place)
      if (cookie !== undefined) this.#replace(cookie)
    }
  }

  /**
   * The `Cookie` field of a request for `place`; undefined if no cookie fits.
   *
   * @internal
   */
  header(place: CookiePlace): string | undefined {
    const pairs = this.#matching(place).map(({ name, value }) => `${name}=${value}`)
    return pairs.length === 0 ? undefined : pairs.join('; ')
  }

  // RFC 6265, 5.3: a cookie that is replaced keeps its place in the order; one that has expired is removed.
  #replace(cookie: Cookie): void {
    const at = this.#cookies.findIndex(
      ({ name, domain, path }) =>
        name === cookie.name && domain === cookie.domain && path === cookie.path,
    )
    if (at === -1) this.#cookies.push(cookie)
    else this.#cookies[at] = cookie
    const now = Date.now()
    this.#cookies = this.#cookies.filter(({ expires }) => expires > now)
  }

  // RFC 6265, 5.4: longer paths first, then earlier cookies.
  #matching({ host, path, secure }: CookiePlace): Cookie[] {
    const now = Date.now()
    return this.#cookies
      .filter((cookie) => cookie.expires > now && (secure || !cookie.secure))
      .filter((cookie) => (cookie.hostOnly ? host === cookie.domain : isUnder(host, cookie.domain)))
      .filter((cookie) => isPathUnder(path, cookie.path))
      .toSorted((one, other) => other.path.length - one.path.length)
  }
}

/** RFC 6265, 5.2 and 5.3; undefined for a cookie that is ignored. */
function parsedCookie(text: string, place: CookiePlace): Cookie | undefined {
  const [pair = '', ...attributes] = text.split(';')
  const [name, value] = halves(pair)
  if (value === undefined || name === '') return undefined

  const cookie: Cookie = {
    name,
    value,
    domain: place.host,
    hostOnly: true,
    path: defaultPath(place.path),
    secure: false,
    expires: Number.POSITIVE_INFINITY,
  }
  let maxAge: number | undefined
  for (const attribute of attributes) {
    const [key, setting = ''] = halves(attribute)
    if (key.toLowerCase() === 'max-age') maxAge = maxAgeOf(setting) ?? maxAge
    else if (!takeAttribute(cookie, key.toLowerCase(), setting, place)) return undefined
  }
  if (maxAge !== undefined) cookie.expires = maxAge <= 0 ? 0 : Date.now() + maxAge * 1000
  return keepsPrefix(cookie) ? cookie : undefined
}

/** Takes an attribute. Returns false if the cookie is refused: another host may not set it. */
function takeAttribute(
  cookie: Cookie,
  key: string,
  setting: string,
  { host, path }: CookiePlace,
): boolean {
  switch (key) {
    case 'expires':
      cookie.expires = cookieDate(setting) ?? cookie.expires
      return true
    case 'path':
      cookie.path = setting.startsWith('/') ? setting : defaultPath(path)
      return true
    case 'secure':
      cookie.secure = true
      return true
    case 'domain':
      return takeDomain(cookie, setting.replace(/^\./, '').toLowerCase(), host)
    default:
      return true
  }
}

function takeDomain(cookie: Cookie, domain: string, host: string): boolean {
  if (domain === '') return true
  if (!isUnder(host, domain)) return false
  // A name without a dot is a public suffix, such as `com`. Only the host of that name itself may use it, alone.
  cookie.hostOnly = !domain.includes('.')
  cookie.domain = domain
  return !cookie.hostOnly || host === domain
}

/** RFC 6265, 5.1.3: addresses have no hosts below them. */
function isUnder(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && isIP(host) === 0)
}

/** RFC 6265, 5.1.4. */
function isPathUnder(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false
  return path.length === prefix.length || prefix.endsWith('/') || path[prefix.length] === '/'
}

function defaultPath(path: string): string {
  const end = path.lastIndexOf('/')
  return path.startsWith('/') && end > 0 ? path.slice(0, end) : '/'
}

function maxAgeOf(setting: string): number | undefined {
  return /^-?\d+$/.test(setting) ? Number(setting) : undefined
}

/** The two prefixes promise that the cookie has these attributes (RFC 6265bis, 4.1.3). */
function keepsPrefix({ name, secure, hostOnly, path }: Cookie): boolean {
  if (/^__secure-/i.test(name)) return secure
  return !/^__host-/i.test(name) || (secure && hostOnly && path === '/')
}

/** Both sides of the first `=`, without the white space around them; the second is undefined if there is none. */
function halves(text: string): [name: string, value: string | undefined] {
  const at = text.indexOf('=')
  if (at === -1) return [trimmed(text), undefined]
  return [trimmed(text.slice(0, at)), trimmed(text.slice(at + 1))]
}
