// Makes an app of a value whose style is named.

import { AppError } from '../errors.ts'
import { refuseForeign } from '../bridge/foreign-app.ts'
import { brandOf, events, iterable, sync } from '../bridge/style.ts'
import { fromFetch } from './fetch/from-fetch.ts'
import { fromNode } from './node/from-node.ts'
import type { App } from '../bridge/style.ts'
import type { StyleName } from './style-name.ts'

const MAKERS = { sync, iterable, events, node: fromNode, fetch: fromFetch }

/**
 * Makes an app of `value`, which is of the style `style`.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a value that is no app of this style
 */
export function appOfStyle(value: unknown, style: StyleName): App {
  const brand = brandOf(value)
  if (brand !== undefined && brand !== style) {
    throw new AppError(`"${style}:" does not fit: this app is marked as "${brand}:"`)
  }
  refuseForeign(value, style)
  if (typeof value !== 'function' && style !== 'fetch') {
    throw new AppError(`"${style}:" needs a function, got ${typeof value}`)
  }
  return MAKERS[style](value as never)
}
