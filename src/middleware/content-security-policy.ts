// The field Content-Security-Policy (CSP 3): its directives as an object, with values that depend on the request.

import { AppError } from '../errors.ts'
import { completeOptions, invalidOption } from '../complete-options.ts'
import type { ChainRequest } from '../chain/request.ts'

/**
 * One source of a directive: text, or a function of the request, for example for a nonce.
 *
 * @inline
 */
type Source = string | ((request: ChainRequest) => string)

/** A policy as directives. */
export interface ContentSecurityPolicy {
  /** Whether the default directives stay, apart from those that `directives` changes. Default true. */
  useDefaults?: boolean | undefined
  /**
   * Directives by name, `script-src` or `scriptSrc`. The value is a source, a list of sources, an empty list for a
   * directive without sources, or null, which removes a default directive. Default none.
   */
  directives?: Readonly<Record<string, Source | readonly Source[] | null>> | undefined
  /** Whether a browser reports breaches and allows them: `Content-Security-Policy-Report-Only`. Default false. */
  reportOnly?: boolean | undefined
}

const DEFAULTS = {
  useDefaults: true,
  directives: {} as NonNullable<ContentSecurityPolicy['directives']>,
  reportOnly: false,
}

type Directives = Map<string, readonly Source[]>

// The directives of helmet, in its order.
const DEFAULT_DIRECTIVES: Readonly<Record<string, readonly string[]>> = {
  'default-src': ["'self'"],
  'base-uri': ["'self'"],
  'font-src': ["'self'", 'https:', 'data:'],
  'form-action': ["'self'"],
  'frame-ancestors': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'object-src': ["'none'"],
  'script-src': ["'self'"],
  'script-src-attr': ["'none'"],
  'style-src': ["'self'", 'https:', "'unsafe-inline'"],
  'upgrade-insecure-requests': [],
}

/** The name and the value of a field. The value is a function if it depends on the request. */
export interface PolicyField {
  name: string
  value: string | ((request: ChainRequest) => string)
}

/**
 * Makes the field of a policy.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an impossible directive, and for a policy without a
 *   `default-src` that does not say `defaultSrc: null`
 */
export function policyField(policy: ContentSecurityPolicy): PolicyField {
  const settings = completeOptions(
    'securityHeaders',
    { contentSecurityPolicy: policy },
    { contentSecurityPolicy: DEFAULTS },
  ).contentSecurityPolicy
  const directives = directivesOf(settings)
  const name = `content-security-policy${settings.reportOnly ? '-report-only' : ''}`
  const isFixed = [...directives.values()].flat().every((source) => typeof source === 'string')
  if (isFixed) return { name, value: textOf(directives, undefined) }
  return { name, value: (request) => textOf(directives, request) }
}

function directivesOf({ useDefaults, directives }: typeof DEFAULTS): Directives {
  const all: Directives = new Map(useDefaults ? Object.entries(DEFAULT_DIRECTIVES) : [])
  const seen = new Set<string>()
  for (const [key, value] of Object.entries(directives)) {
    const name = nameOf(key)
    if (seen.has(name)) throw refused(key, value, `the directive ${name} is given once`)
    seen.add(name)
    if (value === null) all.delete(name)
    else all.set(name, sourcesOf(key, value))
  }
  if (!all.has('default-src') && !seen.has('default-src')) {
    throw refused('', directives, 'it has a default-src, such as ["\'self\'"], or null for none')
  }
  if (all.size === 0) throw refused('', directives, 'it has a directive')
  return all
}

function nameOf(key: string): string {
  if (!/^[a-z][a-zA-Z0-9-]*$/.test(key)) {
    throw refused('', key, 'the name of a directive is a word such as script-src or scriptSrc')
  }
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function sourcesOf(key: string, value: unknown): readonly Source[] {
  const sources: unknown[] = Array.isArray(value) ? value : [value]
  for (const source of sources) {
    if (typeof source === 'function') continue
    const fault = typeof source === 'string' ? faultOf(source) : 'it is text, a list, or null'
    if (fault !== undefined) throw refused(key, source, fault)
  }
  return sources as readonly Source[]
}

function refused(key: string, value: unknown, remedy: string): Error {
  const option = `contentSecurityPolicy.directives${key === '' ? '' : `.${key}`}`
  return invalidOption('securityHeaders', option, value, remedy)
}

// A browser takes a keyword without quotation marks for the name of a host.
const KEYWORD =
  /^(?:none|self|strict-dynamic|report-sample|inline-speculation-rules|unsafe-inline|unsafe-eval|unsafe-hashes|wasm-unsafe-eval|(?:nonce|sha256|sha384|sha512)-.*)$/

function faultOf(source: string): string | undefined {
  if (/[;,]|[^\x20-\x7e]/.test(source)) return 'it has no semicolon, no comma, and only ASCII'
  return KEYWORD.test(source) ? `it is written in quotation marks: '${source}'` : undefined
}

function textOf(directives: Directives, request: ChainRequest | undefined): string {
  let text = ''
  for (const [name, sources] of directives) {
    text += text === '' ? name : `;${name}`
    for (const source of sources)
      text += ` ${typeof source === 'string' ? source : told(source, name, request)}`
  }
  return text
}

function told(
  source: (request: ChainRequest) => string,
  name: string,
  request: ChainRequest | undefined,
): string {
  const text: unknown = source(request as ChainRequest)
  const fault = typeof text === 'string' ? faultOf(text) : `it is text, not ${typeof text}`
  if (fault === undefined) return text as string
  throw new AppError(
    `securityHeaders(): a function returned an impossible source of ${name}: ${fault}`,
  )
}
