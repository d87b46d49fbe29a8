// Values that all copies of the package in one process, or in one thread, have in common.

type Registry = Record<symbol, unknown>

/**
 * Returns the value with this name; the first copy that asks makes it.
 *
 * @param name ends with the version of the form of the value: copies with another form do not share it
 *
 * @example
 * const requests = processWide('requests.1', () => new AsyncLocalStorage<RequestContext>())
 */
export function processWide<Value>(name: string, make: () => Value): Value {
  const key = Symbol.for(`isthmus.${name}`)
  const registry = globalThis as unknown as Registry
  // Not writable: the app has the same global object.
  if (!Object.hasOwn(registry, key)) Object.defineProperty(registry, key, { value: make() })
  return registry[key] as Value
}
