// securityHeaders(): the fields that make browsers stricter, with the defaults of helmet.

import { checkNumber, completeOptions, invalidOption } from '../complete-options.ts'
import { middleware } from '../chain/middleware.ts'
import { policyField } from './content-security-policy.ts'
import type { ContentSecurityPolicy, PolicyField } from './content-security-policy.ts'
import type { Wrap } from '../chain/wrap.ts'

/** The options of `Strict-Transport-Security` (RFC 6797, 6.1). */
export interface StrictTransportSecurity {
  /** How long a browser uses https only, in ms; rounded down to seconds. Default 31,536,000,000, a year. */
  maxAgeMs?: number | undefined
  /** Whether the rule is for all names below the host too. Default true. */
  includeSubDomains?: boolean | undefined
  /** Whether browsers may ship the rule. Default false. */
  preload?: boolean | undefined
}

/** Options of {@link securityHeaders}: false leaves the field out, true is the default of helmet, a string is a value. */
export interface SecurityHeadersOptions {
  /** The policy as text, or as directives. Default: scripts, styles and other content of the own origin. */
  contentSecurityPolicy?: boolean | string | ContentSecurityPolicy | undefined
  /** `require-corp`, `credentialless`, `unsafe-none`. Default false. */
  crossOriginEmbedderPolicy?: boolean | string | undefined
  /** `same-origin`, `same-origin-allow-popups`, `noopener-allow-popups`, `unsafe-none`. Default `same-origin`. */
  crossOriginOpenerPolicy?: boolean | string | undefined
  /** `same-origin`, `same-site`, `cross-origin`. Default `same-origin`. */
  crossOriginResourcePolicy?: boolean | string | undefined
  /** `?1` or `?0`. Default `?1`. */
  originAgentCluster?: boolean | string | undefined
  /** A policy, or some with commas between them; a browser takes the last one that it knows. Default `no-referrer`. */
  referrerPolicy?: boolean | string | undefined
  /** The rule as text, or its parts. Default a year, with all names below the host. */
  strictTransportSecurity?: boolean | string | StrictTransportSecurity | undefined
  /** `nosniff`. Default `nosniff`. */
  xContentTypeOptions?: boolean | string | undefined
  /** `on` or `off`. Default `off`. */
  xDnsPrefetchControl?: boolean | string | undefined
  /** `noopen`. Default `noopen`. */
  xDownloadOptions?: boolean | string | undefined
  /** `SAMEORIGIN` or `DENY`. Default `SAMEORIGIN`. */
  xFrameOptions?: boolean | string | undefined
  /** `none`, `master-only`, `by-content-type`, `all`. Default `none`. */
  xPermittedCrossDomainPolicies?: boolean | string | undefined
  /** Whether `X-Powered-By` is removed from the response. Default true. */
  xPoweredBy?: boolean | undefined
  /** `0`, `1` or `1; mode=block`. Default `0`: the filters of old browsers cause more harm than they prevent. */
  xXssProtection?: boolean | string | undefined
}

const DEFAULTS = {
  contentSecurityPolicy: policyField({}).value as boolean | string | ContentSecurityPolicy,
  crossOriginEmbedderPolicy: undefined as boolean | string | undefined,
  crossOriginOpenerPolicy: 'same-origin' as boolean | string,
  crossOriginResourcePolicy: 'same-origin' as boolean | string,
  originAgentCluster: '?1' as boolean | string,
  referrerPolicy: 'no-referrer' as boolean | string,
  strictTransportSecurity: 'max-age=31536000; includeSubDomains' as
    | boolean
    | string
    | StrictTransportSecurity,
  xContentTypeOptions: 'nosniff' as boolean | string,
  xDnsPrefetchControl: 'off' as boolean | string,
  xDownloadOptions: 'noopen' as boolean | string,
  xFrameOptions: 'SAMEORIGIN' as boolean | string,
  xPermittedCrossDomainPolicies: 'none' as boolean | string,
  xPoweredBy: true,
  xXssProtection: '0' as boolean | string,
}

const DEFAULT_TRANSPORT = { maxAgeMs: 31_536_000_000, includeSubDomains: true, preload: false }

/** The possible values of the fields that have a list of them. The first one is the value of `true`. */
const VALUES = {
  crossOriginEmbedderPolicy: ['require-corp', 'credentialless', 'unsafe-none'],
  crossOriginOpenerPolicy: [
    'same-origin',
    'same-origin-allow-popups',
    'noopener-allow-popups',
    'unsafe-none',
  ],
  crossOriginResourcePolicy: ['same-origin', 'same-site', 'cross-origin'],
  originAgentCluster: ['?1', '?0'],
  referrerPolicy: [
    'no-referrer',
    'no-referrer-when-downgrade',
    'same-origin',
    'origin',
    'strict-origin',
    'origin-when-cross-origin',
    'strict-origin-when-cross-origin',
    'unsafe-url',
  ],
  xContentTypeOptions: ['nosniff'],
  xDnsPrefetchControl: ['off', 'on'],
  xDownloadOptions: ['noopen'],
  xFrameOptions: ['SAMEORIGIN', 'DENY'],
  xPermittedCrossDomainPolicies: ['none', 'master-only', 'by-content-type', 'all'],
  xXssProtection: ['0', '1', '1; mode=block'],
} as const satisfies Partial<Record<keyof typeof DEFAULTS, readonly string[]>>

/**
 * Adds the fields that make browsers stricter, with the defaults of helmet. A field that the app has set stays as it is;
 * only `X-Powered-By` is removed. A response of the server itself, such as a 500, has none of the fields: put
 * `errorPage()` inside. A WebSocket has no page to protect, so its 101 stays unchanged; a denied handshake has the fields.
 *
 * A source of a directive may be a function of the request, for a nonce. `Strict-Transport-Security` and
 * `upgrade-insecure-requests` bind browsers to https: leave them out for a host that has none.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 * @see Content Security Policy Level 3; RFC 6797
 *
 * @example
 * chain(securityHeaders({ xFrameOptions: 'DENY' }))(app)
 */
export function securityHeaders(options: SecurityHeadersOptions = {}): Wrap {
  const settings = completeOptions('securityHeaders', options, DEFAULTS)
  const fields = fieldsOf(settings)
  const { xPoweredBy } = settings

  return middleware('security-headers', function* (request, next) {
    const response = yield* next(request)
    if (response.status === 101) return response
    const { headers } = response
    if (xPoweredBy) headers.delete('x-powered-by')
    for (const { name, value } of fields) {
      if (headers.has(name)) continue
      headers.append(name, typeof value === 'string' ? value : value(request))
    }
    return response
  })
}

function fieldsOf(settings: typeof DEFAULTS): PolicyField[] {
  const fields: PolicyField[] = []
  const add = (option: string, value: string | undefined): void => {
    if (value !== undefined) fields.push({ name: dashed(option), value })
  }
  if (settings.contentSecurityPolicy !== false)
    fields.push(policyOf(settings.contentSecurityPolicy))
  add('strictTransportSecurity', transportOf(settings.strictTransportSecurity))
  for (const option of Object.keys(VALUES) as Array<keyof typeof VALUES>) {
    add(option, listed(option, settings[option]))
  }
  return fields
}

function policyOf(policy: (typeof DEFAULTS)['contentSecurityPolicy']): PolicyField {
  if (policy === true) return policyField({})
  if (typeof policy === 'string') {
    checkText('contentSecurityPolicy', policy)
    return { name: 'content-security-policy', value: policy }
  }
  return policyField(policy as ContentSecurityPolicy)
}

function transportOf(given: (typeof DEFAULTS)['strictTransportSecurity']): string | undefined {
  if (given === false) return undefined
  if (typeof given === 'string') {
    checkText('strictTransportSecurity', given)
    return given
  }
  const { maxAgeMs, includeSubDomains, preload } = completeOptions(
    'securityHeaders',
    { strictTransportSecurity: given === true ? {} : given },
    { strictTransportSecurity: DEFAULT_TRANSPORT },
  ).strictTransportSecurity
  checkNumber('securityHeaders', 'strictTransportSecurity.maxAgeMs', maxAgeMs, { min: 0 })
  const age = `max-age=${Math.floor(maxAgeMs / 1000)}`
  return age + (includeSubDomains ? '; includeSubDomains' : '') + (preload ? '; preload' : '')
}

function listed(
  option: keyof typeof VALUES,
  value: boolean | string | undefined,
): string | undefined {
  const values: readonly string[] = VALUES[option]
  if (value === false || value === undefined) return undefined
  if (value === true) return values[0]
  if (typeof value === 'string' && isListed(option, value, values)) return value
  throw invalidOption(
    'securityHeaders',
    option,
    value,
    `it is false or one of ${values.join(', ')}`,
  )
}

function isListed(option: string, value: string, values: readonly string[]): boolean {
  // A browser takes the last policy of the list that it knows (Referrer Policy, 11.1).
  if (option !== 'referrerPolicy') return values.includes(value)
  return value.split(',').every((token) => values.includes(token.trim()))
}

function checkText(option: string, value: string): void {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return
  throw invalidOption('securityHeaders', option, value, 'it is false, or a value in ASCII')
}

function dashed(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
