// The parts in which two bodies differ, by the type of the content.

import { Buffer } from 'node:buffer'
import { getHeader } from '../../http/headers.ts'
import { byteDifference, textDifferences } from './byte-differences.ts'
import { withoutParts } from './ignored-parts.ts'
import { jsonDifferences } from './json-differences.ts'
import { textWithoutValues } from './json-text.ts'
import type { MigrateSettings } from '../settings.ts'
import type { Answer } from './answer.ts'
import type { Collect, Found } from './found.ts'

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i
const TEXT_TYPE = /^(?:text\/|application\/(?:javascript|xml|[\w.+-]+\+xml)\b)/i

/** Finds the differences of the bodies of two answers. */
export function bodyDifferences(
  from: Answer,
  to: Answer,
  how: MigrateSettings['compare']['body'],
  collect: Collect,
): void {
  if (typeof how === 'function') return compareByFunction([from, to], how, collect)
  if (to.isCut) return tellOfCut(from, to, collect)
  if (Buffer.compare(from.body, to.body) === 0) return

  const type = getHeader(from.headers, 'content-type') ?? ''
  const values = JSON_TYPE.test(type) ? bothParsed(from.body, to.body) : undefined
  if (values !== undefined) return compareJson(values, [from, to], how, collect)
  if (TEXT_TYPE.test(type) || JSON_TYPE.test(type)) {
    return textDifferences(from.body, to.body, collect)
  }
  byteDifference(from.body, to.body, collect)
}

// The body of the old app fits into the bound.
function tellOfCut(from: Answer, to: Answer, collect: Collect): void {
  const values = { from: `${from.body.length} bytes`, to: `more than ${to.body.length} bytes` }
  collect({ part: `body @${from.body.length}`, key: 'body length', isOrder: false, ...values })
}

type Body = Exclude<MigrateSettings['compare']['body'], (...call: never) => unknown>

function compareByFunction(
  [from, to]: [Answer, Answer],
  isEqual: (from: Answer, to: Answer) => boolean,
  collect: Collect,
): void {
  const result: unknown = isEqual(from, to)
  if (typeof result !== 'boolean') {
    throw new TypeError(`the function compare.body returns true or false, got ${typeof result}`)
  }
  if (result) return
  const [one, other] = [from, to].map(({ body }) => Buffer.from(body).toString())
  collect({ part: 'body', key: 'body', isOrder: false, from: one, to: other })
}

function compareJson(
  [from, to]: [unknown, unknown],
  answers: [Answer, Answer],
  how: Body,
  collect: Collect,
): void {
  const ignored = typeof how === 'object' ? how.ignore : []
  const found: Found[] = []
  jsonDifferences(withoutParts(from, ignored), withoutParts(to, ignored), (one) => {
    found.push(one)
    collect(one)
  })
  if (how === 'exact' && found.every(isOfValues)) compareTexts(answers, found.length, collect)
}

function isOfValues({ isOrder, from, to }: Found): boolean {
  const isValue = (value: unknown): boolean => value === null || typeof value !== 'object'
  return !isOrder && from !== undefined && to !== undefined && isValue(from) && isValue(to)
}

// White space, the order of members, and other ways to write a value. Beside values that differ, which may be noise, the
// rest of the text is compared.
function compareTexts([from, to]: [Answer, Answer], count: number, collect: Collect): void {
  if (count === 0) return textDifferences(from.body, to.body, collect)
  const [one, other] = [textWithoutValues(from.body), textWithoutValues(to.body)]
  if (one === other) return
  collect({ part: 'body', key: 'body text', isOrder: false, from: one, to: other })
}

function bothParsed(from: Uint8Array, to: Uint8Array): [unknown, unknown] | undefined {
  try {
    const texts = [from, to].map((body) => new TextDecoder('utf-8').decode(body))
    return texts.map((text) => JSON.parse(text) as unknown) as [unknown, unknown]
  } catch {
    return undefined
  }
}
