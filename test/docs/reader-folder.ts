// The folder of a reader: the packed package is installed there, and the packages that the pages import.

import { execFile } from 'node:child_process'
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

/**
 * Packs the package and unpacks it as an installation would. The other packages are links to those of this project,
 * because an installation by npm takes minutes on a busy machine. The caller disposes of the folder.
 */
export async function readerFolder(): Promise<ReaderFolder> {
  const path = await mkdtemp(join(tmpdir(), 'isthmus-reader-'))
  const installed = join(path, 'node_modules/isthmus')
  await mkdir(installed, { recursive: true })
  // The build is there already: `npm test` makes it.
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', path]
  const { stdout } = await run('npm', pack, { cwd: ROOT, timeout: LIMIT_MS })
  const [archive] = JSON.parse(stdout) as [{ filename: string }]
  const tarball = join(path, archive.filename)
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])

  await linkPackages(path)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function linkPackages(path: string): Promise<void> {
  const names = await readdir(join(ROOT, 'node_modules'))
  const packages = names.filter((name) => !name.startsWith('.') && name !== 'isthmus')
  for (const name of packages)
    await symlink(join(ROOT, 'node_modules', name), join(path, 'node_modules', name), 'dir')

  const commands = join(path, 'node_modules/.bin')
  await mkdir(commands)
  const main = join(path, 'node_modules/isthmus/dist/cli/main.js')
  await chmod(main, 0o755)
  await symlink(main, join(commands, 'isthmus'))
  await symlink(join(ROOT, 'node_modules/tsx/dist/cli.mjs'), join(commands, 'tsx'))
}
