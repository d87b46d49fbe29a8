// The values that can cross between threads. Functions, sockets and pools of connections cannot.

/** The values of a record, sorted by whether they can cross. */
interface Cloneable {
  /** The values that cross, as deep copies. */
  data: Record<string, unknown>
  /** The keys of the values that do not cross. */
  rest: string[]
}

/** Copies the values of `record` that a structured clone takes. */
export function cloneable(record: Readonly<Record<string, unknown>>): Cloneable {
  const copies = new Map<string, unknown>()
  const rest: string[] = []
  for (const [key, value] of Object.entries(record)) {
    const copy = copyOf(value)
    if (copy) copies.set(key, copy.value)
    else rest.push(key)
  }
  return { data: Object.fromEntries(copies), rest }
}

function copyOf(value: unknown): { value: unknown } | undefined {
  if (isPrimitive(value)) return typeof value === 'symbol' ? undefined : { value }
  try {
    return { value: structuredClone(value) }
  } catch {
    return undefined
  }
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function')
}
