// Objects that look like those of fetch, and make the real ones when a caller needs a part that only those have.

/** A light object. */
export interface Light<Native extends object> {
  /** The real object, made at the first call. */
  native(): Native
}

/**
 * Gives `kind` the prototype of `native`, so that `instanceof` holds, and each property that `kind` lacks, which asks the
 * real object.
 */
export function inherit(kind: LightClass, native: NativeClass): void {
  for (const key of Reflect.ownKeys(native.prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(native.prototype, key)
    if (!descriptor || Object.hasOwn(kind.prototype, key)) continue
    Object.defineProperty(kind.prototype, key, forwarding(key, descriptor))
  }
  Object.setPrototypeOf(kind.prototype, native.prototype)
  Object.setPrototypeOf(kind, native)
}

type LightClass = abstract new (...args: never) => Light<object>
type NativeClass = abstract new (...args: never) => object

function forwarding(key: PropertyKey, descriptor: PropertyDescriptor): PropertyDescriptor {
  const { value } = descriptor
  const shape = { configurable: true, enumerable: false }
  if (descriptor.get) return { ...shape, get: getter(key) }
  return typeof value === 'function'
    ? { ...shape, writable: true, value: method(key) }
    : { ...shape, value }
}

function getter(key: PropertyKey): (this: Light<object>) => unknown {
  return function get() {
    return Reflect.get(this.native(), key) as unknown
  }
}

function method(key: PropertyKey): (this: Light<object>, ...args: unknown[]) => unknown {
  return function call(...args) {
    const native = this.native()
    const own = Reflect.get(native, key) as (...given: unknown[]) => unknown
    return own.apply(native, args)
  }
}
