// Parses the Forwarded field (RFC 7239, 4).

const PAIR = /([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)")/y
const ESCAPED = /\\(.)/g

/** The parameters of one element by name, which is in lower case. */
type ForwardedElement = Record<string, string | undefined>

/**
 * The elements of a Forwarded field; null if it is malformed. Empty elements of the list are left out (RFC 9110,
 * 5.6.1.2). An element may have empty places between its semicolons, and one at its end (RFC 7239, 4).
 *
 * It reads from the left: from the right, a quotation mark that the client sent could swallow an element that a proxy
 * added.
 */
export function parseForwarded(field: string): ForwardedElement[] | null {
  const elements: ForwardedElement[] = []
  let element: ForwardedElement | undefined
  for (let at = 0; at <= field.length; at += 1) {
    at = afterSpace(field, at)
    PAIR.lastIndex = at
    const pair = PAIR.exec(field)
    if (pair) {
      const [text, name = '', token, quoted = ''] = pair
      element ??= Object.create(null) as ForwardedElement
      element[name.toLowerCase()] = token ?? quoted.replaceAll(ESCAPED, '$1')
      at = afterSpace(field, at + text.length)
    }
    const separator = field[at] ?? ','
    if (separator === ';') {
      element ??= Object.create(null) as ForwardedElement
      continue
    }
    if (separator !== ',') return null
    if (element) elements.push(element)
    element = undefined
  }
  return elements
}

function afterSpace(field: string, start: number): number {
  let at = start
  while (field[at] === ' ' || field[at] === '\t') at += 1
  return at
}
