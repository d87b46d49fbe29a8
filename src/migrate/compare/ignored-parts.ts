// Takes parts out of a JSON value, by their JSON pointers (RFC 6901). `*` stands for one name or index.

import { isRecord } from './json-value.ts'

/**
 * Takes the parts at `pointers` out of `value`, which changes. An element of a list becomes null, so that the others keep
 * their indexes. Returns the value: null for the pointer of the root.
 */
export function withoutParts(value: unknown, pointers: readonly string[]): unknown {
  const root = [value]
  for (const pointer of pointers) {
    const [, ...names] = pointer.split('/')
    remove(root, ['0', ...names.map(unescaped)])
  }
  return root[0]
}

function remove(holder: unknown, [name = '', ...rest]: readonly string[]): void {
  if (typeof holder !== 'object' || holder === null) return
  for (const key of name === '*' ? Object.keys(holder) : [name]) {
    if (!Object.hasOwn(holder, key)) continue
    if (rest.length > 0) remove(Reflect.get(holder, key), rest)
    else if (isRecord(holder)) delete holder[key]
    else Reflect.set(holder, key, null)
  }
}

function unescaped(name: string): string {
  return name.replaceAll('~1', '/').replaceAll('~0', '~')
}
