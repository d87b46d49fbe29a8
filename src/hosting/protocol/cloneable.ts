// What can cross between threads, and what stays behind: functions, sockets, pools of connections.

/** The values of a record, by whether they can cross. */
interface Cloneable {
  /** What crosses: copies, of which nobody else has a part. */
  data: Record<string, unknown>
  /** The keys of what does not. */
  rest: string[]
}

/** Copies what of `record` is data, as a structured clone takes it. */
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
