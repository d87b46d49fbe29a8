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
export function sharedClass(name: string, kind: abstract new (...args: never) => object): void {
  const mark = Symbol.for(`isthmus.${name}`)
  Object.defineProperty(kind.prototype, mark, { value: true })
  Object.defineProperty(kind, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== kind) return isOrdinaryInstance.call(this as Function, value)
      return typeof value === 'object' && value !== null && mark in value
    },
  })
}

const isOrdinaryInstance = Function.prototype[Symbol.hasInstance]
