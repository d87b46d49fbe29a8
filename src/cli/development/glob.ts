// Patterns of files, as shells have them.

/**
 * Makes a test for paths with "/" between their names: `*` is a part of a name, `**` any number of folders, `?` one character,
 * `{a,b}` one of several texts.
 *
 * @example
 * globTest('views/**\/*.{html,css}')('views/desk/page.html') // true
 */
export function globTest(pattern: string): (path: string) => boolean {
  const parts = pattern.replace(/^\.\//, '').match(/\*\*\/|\*\*|\*|\?|\{[^{}]*\}|[^*?{]+|\{/g) ?? []
  const expression = new RegExp(`^${parts.map(expressionOf).join('')}$`)
  return (path) => expression.test(path)
}

const WILD: Readonly<Record<string, string>> = {
  '**/': '(?:[^/]+/)*',
  '**': '.*',
  '*': '[^/]*',
  '?': '[^/]',
}

function expressionOf(part: string): string {
  const wild = WILD[part]
  if (wild !== undefined) return wild
  if (!/^\{.*\}$/.test(part)) return literal(part)
  return `(?:${part.slice(1, -1).split(',').map(literal).join('|')})`
}

function literal(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
}
