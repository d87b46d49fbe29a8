// The header list: `[lowerCaseName, value]` pairs, and the grammar of both halves (RFC 9110, 5.1 and 5.5).

import { Buffer } from 'node:buffer'
import { inspect } from 'node:util'
import { InvalidHeaderError } from '../errors.ts'
import { nameOf } from '../name-of.ts'
import type { HeaderPairs } from '../contract/events.ts'

type ReadonlyPairs = ReadonlyArray<readonly [name: string, value: string]>

// RFC 9110, 5.6.2.
const WHOLE_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// HTAB, printable ASCII and obs-text; leading and trailing white space is not part of a value.
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
// For a value in a message.
const SHORT = { maxStringLength: 80, maxArrayLength: 3, breakLength: Infinity }

/** The first value of `name` (lower-case), or undefined. */
export function getHeader(headers: ReadonlyPairs, name: string): string | undefined {
  for (const pair of headers) if (pair[0] === name) return pair[1]
  return undefined
}

/** Makes pairs from a list in which names and values alternate. The pairs are new, because an app may change them. */
export function pairsOf(fields: readonly string[]): HeaderPairs {
  const headers: HeaderPairs = []
  for (let index = 0; index + 1 < fields.length; index += 2) {
    headers.push([fields[index] as string, fields[index + 1] as string])
  }
  return headers
}

/** All values of `name` (lower-case), in order. */
export function getAllHeaders(headers: ReadonlyPairs, name: string): string[] {
  return headers.filter((pair) => pair[0] === name).map((pair) => pair[1])
}

/** All values of `name` (lower-case) as one list (RFC 9110, 5.3), or undefined. */
export function getListHeader(headers: ReadonlyPairs, name: string): string | undefined {
  const values = getAllHeaders(headers, name)
  return values.length === 0 ? undefined : values.join(', ')
}

/** Whether `text` is an RFC 9110 token: a method or a field name. */
export function isToken(text: string): boolean {
  return WHOLE_TOKEN.test(text)
}

/** Whether `text` may be a field value: latin-1 without CR, LF, NUL and other control characters. */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text)
}

/** Whether `text` is one DIGIT or more. The function uses a loop, because a regular expression is slow to start. */
export function isDigits(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const octet = text.charCodeAt(at)
    if (octet < 0x30 || octet > 0x39) return false
  }
  return text !== ''
}

/** A copy of the latin-1 `text` in separate memory: in V8, a slice of a long string keeps the whole string alive. */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/**
 * Copies `pairs` with lower-case names.
 *
 * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for an entry that is not a pair, a name that is not a
 *   token, or a value with control characters
 */
export function checkedHeaders(pairs: ReadonlyPairs): HeaderPairs {
  if (!Array.isArray(pairs)) {
    throw new InvalidHeaderError('headers must be an array of [name, value] pairs')
  }
  const checked: HeaderPairs = []
  // A loop, because map() skips the holes of an array.
  for (const pair of pairs) checked.push([checkedField(pair), pair[1]])
  return checked
}

/**
 * The name of a pair, in lower case.
 *
 * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) as {@link checkedHeaders} does
 */
export function checkedField(pair: readonly [string, string]): string {
  if (!Array.isArray(pair) || pair.length !== 2) {
    const named = Array.isArray(pair) ? inspect(pair, SHORT) : nameOf(pair)
    throw new InvalidHeaderError(`a header must be a [name, value] pair, got ${named}`)
  }

  const [name, value] = pair as unknown[]
  if (typeof name !== 'string' || typeof value !== 'string') {
    throw new InvalidHeaderError(
      `header names and values must be strings, got [${typeof name}, ${typeof value}]`,
    )
  }
  const lowerCase = knownNames.get(name) ?? checkedName(name)
  if (!knownValues.has(value) && !isCheckedValue(value)) {
    throw new InvalidHeaderError(
      `the value of header "${name}" has a control character or a code unit above 0xFF (RFC 9110, 5.5)`,
    )
  }
  return lowerCase
}

// Apps repeat a few names, mostly with the same values, so a look-up replaces the second check of a pair.
const knownNames = new Map<string, string>()
const MAX_KNOWN_NAMES = 256
const knownValues = new Set<string>()
const MAX_KNOWN_VALUES = 256
const MAX_KNOWN_LENGTH = 64

function checkedName(name: string): string {
  if (!isToken(name)) {
    throw new InvalidHeaderError(`header name ${nameOf(name)} is not a token (RFC 9110, 5.1)`)
  }
  const lowerCase = name.toLowerCase()
  if (knownNames.size < MAX_KNOWN_NAMES) knownNames.set(ownCopy(name), ownCopy(lowerCase))
  return lowerCase
}

function isCheckedValue(value: string): boolean {
  if (!isFieldValue(value)) return false
  if (knownValues.size < MAX_KNOWN_VALUES && value.length <= MAX_KNOWN_LENGTH) {
    knownValues.add(ownCopy(value))
  }
  return true
}
