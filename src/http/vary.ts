// The Vary field: the request fields on which a response depends (RFC 9110, 12.5.5).

/**
 * Adds `name` to the values of the Vary fields of a response, and returns them as one value. Names are compared without
 * case and appear once; `*` means all names.
 *
 * @param values the values of the fields that the response has, in order
 *
 * @example
 * appendVary(['Cookie', 'accept'], 'Accept') // 'Cookie, accept'
 */
export function appendVary(values: readonly string[], name: string): string {
  const names = new Map<string, string>()
  for (const value of [...values, name]) {
    for (const member of value.split(',')) {
      const trimmed = member.trim()
      const key = trimmed.toLowerCase()
      if (key === '*') return '*'
      if (key !== '' && !names.has(key)) names.set(key, trimmed)
    }
  }
  return [...names.values()].join(', ')
}
