// Classes whose `instanceof` holds for the objects of each copy of the package in one process. TypeScript in a CommonJS
// package loads a second copy, and so do two installed versions.

/**
 * Gives `kind` an `instanceof` that looks for a registered symbol. Classes that extend `kind` keep the ordinary one.
 *
 * @param name ends with the version of the members that other code uses: copies with other members do not recognize
 *   each other's objects
 *
 * @example
 * sharedClass('response.1', Outgoing)
 */
export function sharedClass(name: string, kind: Class): void {
  const mark = markAs(name, kind)
  Object.defineProperty(kind, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      // A class that extends it inherits this method, and would take the objects of all its siblings.
      if (this !== kind) return isOrdinaryInstance.call(this as Function, value)
      return hasMark(value, mark)
    },
  })
}

/** Makes the objects of `kind` instances of the shared class `name`, which `kind` does not extend. Returns the symbol. */
export function markAs(name: string, kind: Class): symbol {
  const mark = Symbol.for(`isthmus.${name}`)
  Object.defineProperty(kind.prototype, mark, { value: true })
  return mark
}

/**
 * Gives error classes their names and an `instanceof` that uses registered symbols: each copy of the package has
 * classes of its own, and a minifier renames classes, but not the keys of an object.
 *
 * @example
 * identifyErrors({ SocketClosedError })
 */
export function identifyErrors(classes: Readonly<Record<string, ErrorClass>>): void {
  for (const [name, kind] of Object.entries(classes)) {
    // The name is in the prototype, so that the stack begins with it: V8 writes the stack before a constructor can set
    // a name.
    Object.defineProperty(kind.prototype, 'name', {
      value: name,
      writable: true,
      configurable: true,
    })
    sharedClass(`error.${name}`, kind)
  }
}

type ErrorClass = abstract new (...args: never) => Error

type Class = abstract new (...args: never) => object

const isOrdinaryInstance = Function.prototype[Symbol.hasInstance]

// An app may throw an object that throws when it is looked at, such as a revoked Proxy.
function hasMark(value: unknown, mark: symbol): boolean {
  try {
    return typeof value === 'object' && value !== null && mark in value
  } catch {
    return false
  }
}
