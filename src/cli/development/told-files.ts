// Tells the parent of a development server the files that a thread loads, and those that it looks for in vain.

import { existsSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FILES_DESCRIPTOR } from './messages.ts'

/** Each of them is written at the end of an installation. */
const INSTALLED = ['.package-lock.json', '.modules.yaml', '.yarn-integrity', '.yarn-state.yml']
const OWN_CODE = fileURLToPath(new URL('../..', import.meta.url))
const told = new Set<string>()

/**
 * Tells a file, by its path or its URL. The modules of packages do not change, and there are thousands of them.
 *
 * A message to another thread, or over the IPC channel, would come too late: a module may end the process, or loop for ever.
 */
export function tellFile(name: string): void {
  const path = pathOf(name)
  const isOfUser = path.startsWith('/') && !isOfPackage(path) && !path.startsWith(OWN_CODE)
  if (!isOfUser || told.has(path)) return
  told.add(path)
  tell(path)
}

/**
 * Tells the files that would make an import succeed.
 *
 * @param specifier the text of the import
 * @param parent the path or the URL of the module that imports it
 * @param endings the endings that the import may leave out
 */
export function tellMissing(specifier: string, parent: string, endings: readonly string[]): void {
  const importer = pathOf(parent)
  if (!importer.startsWith('/') || isOfPackage(importer)) return
  const isFile = /^(?:\.{0,2}\/|\.\.?$|file:)/.test(specifier)
  if (!isFile) return rootsOf(dirname(importer)).forEach(tellInstallation)
  const path = resolve(dirname(importer), pathOf(specifier))
  // An import of `text.js` may mean `text.ts`.
  tellFile(path.replace(/js(x?)$/, 'ts$1'))
  for (const ending of ['', ...endings]) tellFile(path + ending)
  for (const ending of endings) tellFile(join(path, `index${ending}`))
}

function tellInstallation(root: string): void {
  for (const name of INSTALLED) tell(join(root, 'node_modules', name))
}

/** The folders of packages around `folder`, and itself. */
function rootsOf(folder: string): string[] {
  const parent = dirname(folder)
  const roots = parent === folder ? [] : rootsOf(parent)
  return existsSync(join(folder, 'package.json')) ? [folder, ...roots] : roots
}

// tsx adds a query to the names of some modules. The URL in an import of the app may be none that names a file.
function pathOf(name: string): string {
  const [path = name] = name.split('?', 1)
  if (!path.startsWith('file:')) return path
  try {
    return fileURLToPath(path)
  } catch {
    return ''
  }
}

function isOfPackage(path: string): boolean {
  return path.includes('/node_modules/')
}

function tell(path: string): void {
  try {
    writeSync(FILES_DESCRIPTOR, `${path}\n`)
  } catch {
    // The parent has ended, and this process ends too.
  }
}
