// The files of the project whose prose people read: sources and pages.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const READ = /\.(?:ts|js|mjs|cjs|md)$/
/** Pages and programs that are written by a program, or hold broken text on purpose. */
const APART = /^(?:benchmarks\/results|test\/fixtures\/cli)\//

/** The paths, relative to the root of the project, of the files under `folders` that git knows. */
export function trackedFiles(folders: readonly string[]): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...folders], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return listed.split('\n').filter((path) => READ.test(path) && !APART.test(path))
}
