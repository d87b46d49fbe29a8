// Names a value in a message: short, on one line, and never empty.

const MOST_CHARACTERS = 80

/** Names `value` in a word or two, for a message: `"text"`, `7`, `an Array`. */
export function nameOf(value: unknown): string {
  if (value === '') return 'an empty string'
  if (typeof value === 'string') return JSON.stringify(cut(value))
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  return nameOfClass(value)
}

/** The call of `method` with `args`, for a message: `read("1")`. */
export function nameOfCall(method: string, args: readonly unknown[]): string {
  return `${method}(${args.map(nameOf).join(', ')})`
}

function cut(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`
}

function nameOfClass(value: object): string {
  const maker: unknown = (value as { constructor?: { name?: unknown } | null }).constructor?.name
  if (typeof maker !== 'string' || maker === '') return 'an object'
  if (maker === 'Object') return 'a plain object'
  return `${/^[aeio]/i.test(maker) ? 'an' : 'a'} ${cut(maker)}`
}
