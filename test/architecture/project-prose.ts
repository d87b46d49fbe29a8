// The prose of the project: the comments of its programs, the titles of its tests, and its pages.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { proseOfPage } from './plain-language.ts'
import { parseSource } from './source-file.ts'
import type { Prose } from './plain-language.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const READ = /\.(?:ts|js|mjs|cjs|md)$/
/** Pages that a program writes, and programs that hold broken text on purpose. */
const APART = /^(?:benchmarks\/results|test\/fixtures\/cli)\//

/** The paths, relative to the root of the project, of the files under `folders` that git knows or would add. */
export function filesOfProse(folders: readonly string[]): string[] {
  const known = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '--']
  const listed = execFileSync('git', [...known, ...folders], { cwd: ROOT, encoding: 'utf8' })
  return listed.split('\n').filter((path) => READ.test(path) && !APART.test(path))
}

/** The prose of the file at `path`, relative to the root of the project. */
export function proseOf(path: string): Prose[] {
  const text = readFileSync(join(ROOT, path), 'utf8')
  if (path.endsWith('.md')) return proseOfPage(text)
  const { comments, titles } = parseSource(path, text)
  return [...comments, ...titles]
}
