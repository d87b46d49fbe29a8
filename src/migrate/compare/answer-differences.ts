// The parts in which two answers to one request differ.

import { getListHeader } from '../../http/headers.ts'
import { bodyDifferences } from './body-differences.ts'
import type { MigrateSettings } from '../settings.ts'
import type { Answer } from './answer.ts'
import type { Collect } from './found.ts'

/** Finds the differences of two decoded answers. */
export function answerDifferences(
  from: Answer,
  to: Answer,
  compare: MigrateSettings['compare'],
  collect: Collect,
): void {
  if (compare.status && from.status !== to.status) {
    collect({
      part: 'status',
      key: 'status',
      isOrder: false,
      from: from.status,
      to: to.status,
    })
  }
  for (const name of compare.headers) {
    const [one, other] = [getListHeader(from.headers, name), getListHeader(to.headers, name)]
    const part = `header ${name}`
    if (one !== other) collect({ part, key: part, isOrder: false, from: one, to: other })
  }
  bodyDifferences(from, to, compare.body, collect)
}
