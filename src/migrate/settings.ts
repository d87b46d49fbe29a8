// The completed options of migrate(), each with its default in one literal.

import { checkNumber, completeOptions, invalidOption, isObject } from '../complete-options.ts'
import { isToken } from '../http/headers.ts'
import type { Complete, NumberRange } from '../complete-options.ts'
import type {
  CompareOptions,
  MigrateOptions,
  MigrationChange,
  ShadowOptions,
  Sticky,
} from './options.ts'

const NAME = 'migrate'

/** The bytes of all bodies of a migration that are recorded, or wait for a copy. */
export const MAX_RECORDED_BYTES: number = 64 * 1024 * 1024

/** The completed options of the shadow. */
export type ShadowSettings = Complete<ShadowOptions>

/** The completed options of {@link migrate}. */
export interface MigrateSettings extends Omit<MigrateOptions, 'compare'> {
  share: number
  sticky: Sticky
  shadow: ShadowSettings | null
  compare: Complete<CompareOptions>
  redact: readonly string[]
}

const SHADOW_DEFAULTS: ShadowSettings = {
  rate: 1,
  methods: ['GET', 'HEAD'],
  concurrency: 8,
  timeoutMs: 10_000,
  maxBodyBytes: 1024 * 1024,
  baseline: false,
}

const COMPARE_DEFAULTS: Complete<CompareOptions> = {
  status: true,
  headers: [
    'content-type',
    'content-disposition',
    'content-language',
    'cache-control',
    'location',
    'vary',
    'allow',
    'www-authenticate',
  ],
  body: 'json',
}

const DEFAULTS = {
  from: undefined as MigrateOptions['from'] | undefined,
  to: undefined as MigrateOptions['to'] | undefined,
  share: 0,
  sticky: undefined as unknown,
  shadow: null as unknown,
  compare: undefined as unknown,
  onMismatch: undefined as unknown,
  redact: [
    'password',
    'passwd',
    'secret',
    'token',
    'access_token',
    'refresh_token',
    'id_token',
    'api_key',
    'apikey',
    'x-api-key',
  ] as readonly string[],
}

const PART: NumberRange = { min: 0, max: 1 }
const RANGES = {
  'shadow.rate': PART,
  'shadow.concurrency': { min: 1, max: 1_024, isWhole: true },
  'shadow.timeoutMs': { min: 1, isTime: true },
  'shadow.maxBodyBytes': { min: 0, max: MAX_RECORDED_BYTES, isWhole: true },
} satisfies Record<string, NumberRange>

/**
 * Completes and checks `options`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function migrateSettings(options: MigrateOptions): MigrateSettings {
  const given = completeOptions(NAME, options, DEFAULTS)
  checkNumber(NAME, 'share', given.share, PART)
  checkFunction('onMismatch', given.onMismatch)
  checkNames('redact', given.redact, (name) => name !== '')
  return {
    ...given,
    sticky: stickyOf(given.sticky),
    shadow: shadowOf(given.shadow, SHADOW_DEFAULTS),
    compare: compareOf(given.compare),
  } as MigrateSettings
}

/**
 * The share and the shadow of `settings` after `change`. The change is whole: an impossible part of the change refuses all parts.
 *
 * @param lastShadow the options of a shadow that begins again
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) as {@link migrateSettings} does
 */
export function changedSettings(
  settings: Pick<MigrateSettings, 'share' | 'shadow'>,
  change: MigrationChange,
  lastShadow: ShadowSettings = SHADOW_DEFAULTS,
): Pick<MigrateSettings, 'share' | 'shadow'> {
  const defaults: { share: number; shadow: unknown } = { share: settings.share, shadow: undefined }
  const given = completeOptions('set', change, defaults)
  checkNumber('set', 'share', given.share, PART)
  if (given.shadow === undefined) return { share: given.share, shadow: settings.shadow }
  const shadow = shadowOf(given.shadow, settings.shadow ?? lastShadow)
  return { share: given.share, shadow }
}

function stickyOf(given: unknown): Sticky {
  if (given === undefined) return { cookie: 'isthmus-migrate' }
  if (given === false || typeof given === 'function') return given as Sticky
  const names = isObject(given) ? Object.entries(given) : []
  const [kind, name] = names[0] ?? []
  const isName = typeof name === 'string' && isToken(name)
  if (names.length === 1 && kind === 'cookie' && isName) return { cookie: name }
  if (names.length === 1 && kind === 'header' && isName) return { header: name.toLowerCase() }
  const remedy =
    'it is { cookie: name }, { header: name }, a function (scope) => id, or false; a name is a token (RFC 9110, 5.6.2)'
  throw invalidOption(NAME, 'sticky', given, remedy)
}

function shadowOf(given: unknown, defaults: ShadowSettings): ShadowSettings | null {
  if (given === null) return null
  if (!isObject(given)) {
    throw invalidOption(NAME, 'shadow', given, 'it is an object of options, or null')
  }
  const { shadow } = completeOptions<{ shadow: ShadowSettings }>(
    NAME,
    { shadow: given },
    { shadow: defaults },
  )
  for (const [option, range] of Object.entries(RANGES)) {
    checkNumber(NAME, option, Reflect.get(shadow, option.slice('shadow.'.length)), range)
  }
  checkNames('shadow.methods', shadow.methods, isToken)
  return { ...shadow, methods: shadow.methods.map((name) => name.toUpperCase()) }
}

function compareOf(given: unknown): Complete<CompareOptions> {
  const { compare } = completeOptions<{ compare: Complete<CompareOptions> }>(
    NAME,
    { compare: given as CompareOptions },
    { compare: COMPARE_DEFAULTS },
  )
  checkNames('compare.headers', compare.headers, isToken)
  checkBody(compare.body)
  return { ...compare, headers: compare.headers.map((name) => name.toLowerCase()) }
}

function checkBody(body: unknown): void {
  if (body === 'exact' || body === 'json' || typeof body === 'function') return
  if (!isObject(body)) {
    const remedy = "it is 'exact', 'json', { ignore: […] }, or a function (from, to) => boolean"
    throw invalidOption(NAME, 'compare.body', body, remedy)
  }
  const { ignore } = completeOptions<{ ignore: unknown }>(NAME, body, { ignore: undefined })
  const isPointer = (one: unknown): boolean => typeof one === 'string' && /^(?:\/|$)/.test(one)
  if (Array.isArray(ignore) && ignore.every(isPointer)) return
  const remedy = "it is a list of JSON pointers such as ['/id', '/items/*/at']"
  throw invalidOption(NAME, 'compare.body.ignore', ignore, remedy)
}

function checkFunction(option: string, given: unknown): void {
  if (given === undefined || typeof given === 'function') return
  throw invalidOption(NAME, option, given, 'it is a function')
}

function checkNames(option: string, given: unknown, isName: (name: string) => boolean): void {
  const isOne = (name: unknown): boolean => typeof name === 'string' && isName(name)
  if (Array.isArray(given) && given.every(isOne)) return
  const remedy = isName === isToken ? ', which are tokens (RFC 9110, 5.6.2)' : ''
  throw invalidOption(NAME, option, given, `it is a list of names${remedy}`)
}
