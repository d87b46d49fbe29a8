// Builds dist: `npm run build`.
//
// The compiler writes into a folder beside dist, and only the files that differ replace their old versions, each by one
// rename. Servers and tests that run from dist while it is built, and `npm pack` and `npm install`, which build too,
// therefore find a whole file at each path at each moment. A failed build leaves dist as it is.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// npm starts scripts in the root of the package.
const ROOT = process.cwd()
const TYPESCRIPT = fileURLToPath(import.meta.resolve('typescript/package.json'))

const dist = join(ROOT, 'dist')
// On the file system of dist, because a rename does not cross file systems.
const fresh = mkdtempSync(join(ROOT, '.build-'))
try {
  process.exitCode = compile(fresh)
  copyAsTheyAre(join(ROOT, 'src'), fresh)
  if (process.exitCode === 0) replace(dist, fresh)
} finally {
  rmSync(fresh, { recursive: true, force: true })
}

function compile(folder: string): number {
  const words = ['-p', 'tsconfig.build.json', '--outDir', folder]
  const compiler = join(dirname(TYPESCRIPT), 'bin/tsc')
  return (
    spawnSync(process.execPath, [compiler, ...words], { cwd: ROOT, stdio: 'inherit' }).status ?? 1
  )
}

// The compiler takes no file of Python, and the files of the browser need no compiler.
function copyAsTheyAre(from: string, to: string): void {
  for (const path of filesUnder(from).filter((name) => /\.(py|js|d\.ts|css|svg)$/.test(name))) {
    cpSync(join(from, path), join(to, path))
  }
}

function replace(folder: string, source: string): void {
  const paths = filesUnder(source)
  for (const path of paths) {
    const [from, to] = [join(source, path), join(folder, path)]
    const text = readFileSync(from)
    // `npx isthmus` in this folder starts the command from dist.
    const mode = text.subarray(0, 2).toString() === '#!' ? 0o755 : 0o644
    if (existsSync(to) && text.equals(readFileSync(to))) {
      chmodSync(to, mode)
      continue
    }
    chmodSync(from, mode)
    mkdirSync(dirname(to), { recursive: true })
    renameSync(from, to)
  }

  const kept = new Set(paths)
  for (const path of filesUnder(folder)) {
    // Two builds at once may remove the same file.
    if (!kept.has(path)) rmSync(join(folder, path), { force: true })
  }
}

function filesUnder(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}
