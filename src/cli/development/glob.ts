// Patterns of files, as shells have them.

/**
 * Makes a test for paths with "/" between their names: `*` is a part of a name, `**` any number of folders, `?` one character,
 * `{a,b}` one of several texts.
 *
 * @example
 * globTest('views/**\/*.{html,css}')('views/desk/page.html') // true
 */
export function globTest(pattern: string): (path: string) => boolean {
  const patterns = alternativesOf(pattern.replace(/^\.\//, ''))
  const all = patterns.map((one) => one.match(/\*\*\/|\*\*|\*|\?|[^*?]/gu) ?? [])
  return (path) => all.some((parts) => isMatch(parts, path))
}

// The first braces, and those of the texts that come of them.
function alternativesOf(pattern: string): string[] {
  const [before, rest] = splitAt(pattern, '{')
  const [inside, after] = splitAt(rest ?? '', '}')
  if (rest === undefined || after === undefined) return [pattern]
  return inside.split(',').flatMap((one) => alternativesOf(before + one + after))
}

function splitAt(text: string, mark: string): [before: string, after: string | undefined] {
  const at = text.indexOf(mark)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

// A regular expression of a chosen pattern may take a very long time.
function isMatch(parts: readonly string[], path: string): boolean {
  let reached = new Set([0])
  for (const part of parts) {
    const next = new Set<number>()
    for (const at of reached) for (const end of endsOf(part, path, at)) next.add(end)
    reached = next
  }
  return reached.has(path.length)
}

/** The places in `path` that `part` can reach from `at`. */
function endsOf(part: string, path: string, at: number): number[] {
  const later = Array.from({ length: path.length - at + 1 }, (_, more) => at + more)
  switch (part) {
    case '**/':
      return later.filter((end) => end === at || path[end - 1] === '/')
    case '**':
      return later
    case '*':
      return later.filter((end) => !path.slice(at, end).includes('/'))
    case '?':
      return at < path.length && path[at] !== '/' ? [at + 1] : []
    default:
      return path.startsWith(part, at) ? [at + part.length] : []
  }
}
