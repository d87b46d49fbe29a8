// The rules that keep the sources apart. Each takes all the files and returns violations, one line each.

import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { ALL } from './source-file.ts'
import type { SourceFile } from './source-file.ts'

// The storeys from top to bottom. Imports go downward; the names in one row are siblings and do not import each other.
const LAYERS = [
  ['cli', 'testing'],
  ['middleware', 'report'],
  ['server', 'chain', 'hosting', 'lint'],
  ['adapters', 'migrate', 'feed'],
  ['bridge'],
  ['sync', 'async', 'channels'],
  [
    'http',
    'waiting',
    'contract',
    'figures',
    'errors',
    'bounded-writer',
    'guarded-log',
    'silent-log',
    'standard-stream',
    'complete-options',
    'name-of',
    'channel-text',
    'shared-class',
    'reload-page',
    'usable-cores',
  ],
]
/** The rooms of one storey that do not import each other: each row is a folder and its rooms. */
const ROOMS: Array<[folder: string, rooms: string[]]> = [
  ['adapters', ['node', 'fetch']],
  ['adapters', ['connect', 'fetch']],
  ['bridge', ['sync', 'iterable']],
  ['chain', ['event', 'sync']],
  ['cli', ['serve', 'master', 'development', 'bench', 'report', 'migrate', 'cgi']],
  ['hosting', ['gateway', 'thread']],
  ['lint', ['events', 'sync']],
  ['lint', ['events', 'iterable']],
  ['server', ['native', 'node']],
]
/** The floors of a storey: the rooms above a floor import it, and a floor imports no other room of its storey. */
const FLOORS = ['hosting/protocol', 'server/native/parser']
const GROUND = LAYERS.length - 1
const MAX_LINES = 300
const DRAWERS = /^(utils?|helpers?|common|misc|types)\.ts$/
const UNNUMBERED = /\b(TODO|FIXME)\b(?!.*#\d)/

/** Imports go downward, type imports too. `entries` are the public entries: paths like `index.ts`. */
export function layering(files: readonly SourceFile[], entries: readonly string[]): string[] {
  const inner = files.filter((file) => !entries.includes(file.path))
  const homeless = inner.filter(({ path }) => layerOf(unitOf(path)) === -1)
  return [
    ...homeless.map(({ path }) => `${path} belongs to no layer`),
    ...inner.flatMap((file) =>
      file.imports.flatMap(({ target }) => {
        const reason = refusal(file.path, target, entries)
        return reason === null ? [] : [`${file.path} imports ${target}: ${reason}`]
      }),
    ),
  ]
}

function refusal(from: string, to: string, entries: readonly string[]): string | null {
  if (to.startsWith('../')) return 'it is outside src'
  if (entries.includes(to)) return 'it is a public entry'

  const [upper, lower] = [unitOf(from), unitOf(to)]
  if (upper === lower) return refusalInside(from, to)
  if (layerOf(upper) === GROUND && layerOf(lower) === GROUND) return null
  return layerOf(upper) < layerOf(lower) ? null : `${lower} is not below ${upper}`
}

function refusalInside(from: string, to: string): string | null {
  const floor = FLOORS.find((path) => from.startsWith(`${path}/`))
  if (floor && !to.startsWith(`${floor}/`))
    return `${floor} is a floor and imports no room above it`

  const isIn = (path: string, folder: string, room: string): boolean =>
    path.startsWith(`${folder}/${room}/`)
  for (const [folder, rooms] of ROOMS) {
    const [own, other] = [from, to].map((path) => rooms.find((room) => isIn(path, folder, room)))
    if (own && other && own !== other) return `${folder}/${own} does not know ${folder}/${other}`
  }
  return null
}

function layerOf(unit: string): number {
  return LAYERS.findIndex((row) => row.includes(unit))
}

function unitOf(path: string): string {
  return path.replace(/(\/.*|\.ts)$/, '')
}

/** No file reaches itself through its imports, type imports included. */
export function cycles(files: readonly SourceFile[]): string[] {
  const edges = new Map(files.map((file) => [file.path, file.imports]))
  const done = new Set<string>()
  const found: string[] = []

  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start !== -1) found.push([...trail.slice(start), path].join(' → '))
    if (start !== -1 || done.has(path)) return

    for (const { target } of edges.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }

  for (const path of edges.keys()) visit(path, [])
  return found
}

/** Packages come from Node, from `dependencies` or from `peerDependencies`: users do not install `devDependencies`. */
export function foreignPackages(
  files: readonly SourceFile[],
  dependencies: readonly string[],
): string[] {
  const isKnown = (specifier: string): boolean =>
    isBuiltin(specifier) || dependencies.some((name) => `${specifier}/`.startsWith(`${name}/`))

  return files.flatMap(({ path, packages }) =>
    packages
      .filter((specifier) => !isKnown(specifier))
      .map((specifier) => `${path} imports ${specifier}, which is not a dependency`),
  )
}

/** Another file imports each export; public entries count, tests do not. */
export function unusedExports(files: readonly SourceFile[], entries: readonly string[]): string[] {
  const imports = files.flatMap((file) => file.imports)
  const used = new Set(
    imports.flatMap(({ target, names }) => names.map((name) => `${target} ${name}`)),
  )

  return files
    .filter(({ path }) => !entries.includes(path) && !used.has(`${path} ${ALL}`))
    .flatMap(({ path, exports }) => exports.map(({ name }) => `${path} ${name}`))
    .filter((key) => !used.has(key))
    .map((key) => `${key} is exported and never imported`)
}

/** Public entries re-export and do nothing else; no other file re-exports. */
export function reexports(files: readonly SourceFile[], entries: readonly string[]): string[] {
  return files.flatMap(({ path, ownStatements, exports }) => {
    if (entries.includes(path)) {
      return ownStatements.map((line) => `${path}:${line} is not an export-from statement`)
    }
    return exports.flatMap(({ name, from }) =>
      from === null ? [] : [`${path} re-exports ${name}, which is for public entries`],
    )
  })
}

/** A file is short, has a telling name, and its exports have names too. */
export function shape(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, lineCount, exports }) => [
    ...(lineCount > MAX_LINES ? [`${path} has ${lineCount} lines, more than ${MAX_LINES}`] : []),
    ...(DRAWERS.test(posix.basename(path))
      ? [`${path} is a drawer: name it after what it does`]
      : []),
    ...(exports.some(({ name }) => name === 'default') ? [`${path} has a default export`] : []),
  ])
}

/** No `any`, and no TODO without the number of its issue. */
export function looseEnds(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, anys, comments }) => [
    ...anys.map((line) => `${path}:${line} says any`),
    ...comments
      .filter(({ text }) => UNNUMBERED.test(text))
      .map(({ line }) => `${path}:${line} has a TODO without an issue number (#1)`),
  ])
}

/** Closures in fields, which V8 lets outlive their object (decision 018), except in code that only tests run. */
export function keptClosures(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !path.startsWith('testing/') && !path.startsWith('lint/'))
    .flatMap(({ path, keptClosures: lines }) =>
      lines.map((line) => `${path}:${line} keeps a closure in a field: have a function make it`),
    )
}

/** Every name that a user can import from `entry`, in alphabetical order. */
export function publicNames(files: readonly SourceFile[], entry: string): string[] {
  const namesOf = (path: string): string[] => {
    const file = files.find((candidate) => candidate.path === path)
    if (file === undefined) throw new Error(`there is no ${path}`)
    return file.exports.flatMap(({ name, from }) =>
      name === ALL && from !== null ? namesOf(from) : [name],
    )
  }
  return namesOf(entry).toSorted()
}
