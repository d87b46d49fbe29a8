// The table of docs/ARCHITECTURE.md that says which suite guards which source file.

/** A row of the table: the sources that `patterns` match are guarded by `suites`, files or folders of tests. */
export interface Guard {
  patterns: string[]
  suites: string[]
}

/** The rows whose first cell has sources and whose last cell has tests, all in code. */
export function readGuards(page: string): Guard[] {
  return page.split('\n').flatMap((line) => {
    const [, first = '', last = ''] = /^\| (`src\/.*) \| (`test\/.*) \|$/.exec(line) ?? []
    const [patterns, suites] = [codeIn(first), codeIn(last)]
    return patterns.length > 0 ? [{ patterns, suites }] : []
  })
}

/** The sources that have neither a suite at the same path under `test` nor a row. */
export function unguarded(
  sources: readonly string[],
  suites: readonly string[],
  guards: readonly Guard[],
): string[] {
  const patterns = guards.flatMap((guard) => guard.patterns)
  return sources.filter(
    (path) =>
      !suites.includes(mirrorOf(path)) && !patterns.some((pattern) => covers(pattern, path)),
  )
}

/** Patterns that match no source, and suites that do not exist: rows that a move has left out of date. */
export function outdated(
  sources: readonly string[],
  suites: readonly string[],
  guards: readonly Guard[],
): string[] {
  const isSuite = (name: string): boolean =>
    suites.some((path) => path === name || path.startsWith(`${name}/`))
  return guards.flatMap((guard) => [
    ...guard.patterns.filter((pattern) => !sources.some((path) => covers(pattern, path))),
    ...guard.suites.filter((name) => !isSuite(name)),
  ])
}

function mirrorOf(path: string): string {
  return path.replace(/^src\//, 'test/').replace(/\.ts$/, '.test.ts')
}

// `*` is any name, `**/` any number of folders.
function covers(pattern: string, path: string): boolean {
  const source = pattern
    .replaceAll('.', String.raw`\.`)
    .replaceAll(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:[^/]+/)*'))
  return new RegExp(`^${source}$`).test(path)
}

function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}
