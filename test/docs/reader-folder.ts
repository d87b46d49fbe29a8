// The folder of a reader: the packed package is installed there, and the packages that the pages import.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const LIMIT_MS = 60_000
const run = promisify(execFile)

/** A folder with `node_modules`, whose path is `path`. */
export type ReaderFolder = { path: string } & AsyncDisposable

/** The archive of the package, and the paths in it. */
export interface Packed {
  archive: string
  paths: string[]
}

/** Packs the package into `folder`. The build is there already: `npm test` makes it. */
export async function packInto(folder: string): Promise<Packed> {
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const { stdout } = await run('npm', pack, { cwd: ROOT, timeout: LIMIT_MS })
  const [made] = JSON.parse(stdout) as [{ filename: string; files: Array<{ path: string }> }]
  return { archive: join(folder, made.filename), paths: made.files.map((file) => file.path) }
}

/** Runs `npm install` with the archive and further packages. */
export async function install(folder: string, packages: readonly string[]): Promise<void> {
  const words = ['install', '--prefer-offline', '--no-audit', '--no-fund', ...packages]
  await run('npm', words, { cwd: folder, timeout: 2 * LIMIT_MS })
}

/**
 * Packs the package and unpacks it as an installation would. The other packages are links to those of this project,
 * because an installation by npm takes minutes on a busy machine. The caller disposes of the folder.
 */
export async function readerFolder(): Promise<ReaderFolder> {
  const path = await mkdtemp(join(tmpdir(), 'isthmus-reader-'))
  const installed = join(path, 'node_modules/isthmus')
  await mkdir(installed, { recursive: true })
  const { archive } = await packInto(path)
  await run('tar', ['-xzf', archive, '-C', installed, '--strip-components=1'])

  await linkPackages(path)
  const commands = join(path, 'node_modules/.bin')
  await mkdir(commands)
  const main = join(installed, 'dist/cli/main.js')
  await chmod(main, 0o755)
  await symlink(main, join(commands, 'isthmus'))
  await symlink(join(ROOT, 'node_modules/tsx/dist/cli.mjs'), join(commands, 'tsx'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/**
 * Starts a project as a reader does: `npm init -y`, and `npm install` of the packed package with its dependencies.
 * Packages that the reader adds later are links to those of this project. The caller disposes of the folder.
 */
export async function installedFolder(): Promise<ReaderFolder> {
  const path = await mkdtemp(join(tmpdir(), 'isthmus-hour-'))
  const [{ archive }] = await Promise.all([
    packInto(path),
    run('npm', ['init', '-y'], { cwd: path }),
  ])
  await install(path, [archive])
  await linkPackages(path)
  await symlink('../vitest/vitest.mjs', join(path, 'node_modules/.bin/vitest'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

// A link does not take the place of a package that is there.
async function linkPackages(path: string): Promise<void> {
  const names = await readdir(join(ROOT, 'node_modules'))
  const packages = names.filter((name) => !name.startsWith('.'))
  for (const name of packages) {
    const link = join(path, 'node_modules', name)
    if (!existsSync(link)) await symlink(join(ROOT, 'node_modules', name), link, 'dir')
  }
}
