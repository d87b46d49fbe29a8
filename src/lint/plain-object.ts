// Plain objects, which the contracts ask for: scopes, events, environs.

/** Whether `value` is an object without a class of its own, also if it comes from another realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // The Object.prototype of another realm is not ours, but it too is the last of its chain.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
