// Watches files for a development server. Folders are watched and not files, because editors save by a rename.

import { existsSync, readdirSync, statSync, watch } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import type { Dirent, FSWatcher } from 'node:fs'

/** Editors write a file in several steps, and version control writes many files. */
const QUIET_MS = 30
/** The most folders of a tree, so that a wrong folder does not use up the watches of the system. */
const MOST_FOLDERS = 5_000
const SKIPPED = /^(?:\..+|node_modules|__pycache__)$/

/** Files below a folder, by their paths relative to it. */
interface Tree {
  readonly folder: string
  matches(path: string): boolean
}

/** Calls `onChange` with the path of a file that has changed, some milliseconds after the last change. Its owner closes it. */
export class FileWatch {
  readonly #onChange: (path: string) => void
  readonly #onError: (error: Error) => void
  readonly #trees: Tree[] = []
  /** The files, each with its last state. */
  readonly #files = new Map<string, string>()
  readonly #folders = new Map<string, FSWatcher>()
  /** The folders that are not there; the folder above each of them is watched. */
  readonly #missing = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(onChange: (path: string) => void, onError: (error: Error) => void) {
    this.#onChange = onChange
    this.#onError = onError
  }

  /** Watches further files, also those that are not there yet. */
  add(files: readonly string[]): void {
    for (const file of files) {
      if (this.#files.has(file)) continue
      this.#files.set(file, stateOf(file))
      this.#watchFolder(dirname(file))
    }
  }

  /** Watches the files of a tree, also those that will be made. */
  addTree(tree: Tree): void {
    this.#trees.push(tree)
    this.#walk(tree.folder, (path) => this.#files.set(path, stateOf(path)))
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#folders.values()) watcher.close()
  }

  #walk(folder: string, onFile: (path: string) => void): void {
    this.#watchFolder(folder)
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name)
      if (!entry.isDirectory()) {
        if (this.#isOfTree(path)) onFile(path)
      } else if (this.#folders.size < MOST_FOLDERS) this.#walk(path, onFile)
    }
  }

  #watchFolder(folder: string): void {
    if (this.#folders.has(folder)) return
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name !== null) this.#onEvent(folder, name)
      })
      watcher.on('error', () => this.#forget(folder))
      this.#folders.set(folder, watcher)
      this.#missing.delete(folder)
    } catch (error) {
      if (existsSync(folder)) this.#onError(error as Error)
      else this.#await(folder)
    }
  }

  #await(folder: string): void {
    this.#missing.add(folder)
    this.#watchFolder(dirname(folder))
    // It may have come before the watch on the folder above it.
    if (existsSync(folder)) this.#renew(folder)
  }

  #forget(folder: string): void {
    this.#folders.get(folder)?.close()
    this.#folders.delete(folder)
  }

  #onEvent(folder: string, name: string): void {
    const path = join(folder, name)
    // The system tells the end of a folder by the name of the folder itself. Another one may be in its place already.
    if (name === basename(folder)) this.#renew(folder)
    if (this.#missing.has(path)) this.#renew(path)
    if (stateOf(path) !== FOLDER) return this.#check(path)
    const isInTree = this.#trees.some((tree) => path.startsWith(`${tree.folder}/`))
    if (isInTree && !SKIPPED.test(name)) this.#walk(path, (file) => this.#check(file))
  }

  // Its files, and the folders in it, may have changed before the watch.
  #renew(folder: string): void {
    this.#forget(folder)
    this.#watchFolder(folder)
    for (const file of this.#files.keys()) if (dirname(file) === folder) this.#check(file)
    for (const one of this.#missing) {
      if (dirname(one) === folder && existsSync(one)) this.#renew(one)
    }
  }

  #check(path: string): void {
    if (!this.#files.has(path) && !this.#isOfTree(path)) return
    const state = stateOf(path)
    // The system also reports files that were only touched by their permissions, and each write several times.
    if (this.#files.get(path) === state) return
    this.#files.set(path, state)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onChange, QUIET_MS, path)
  }

  #isOfTree(path: string): boolean {
    return this.#trees.some((tree) => {
      return path.startsWith(`${tree.folder}/`) && tree.matches(relative(tree.folder, path))
    })
  }
}

const FOLDER = 'folder'

function stateOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return 'none'
  return found.isDirectory() ? FOLDER : `${found.mtimeMs} ${found.size} ${found.ino}`
}

// Folders of packages, and of virtual environments of Python, are left out.
function entriesOf(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    if (entries.some(({ name }) => name === 'pyvenv.cfg')) return []
    return entries.filter((one) => !one.isDirectory() || !SKIPPED.test(one.name))
  } catch {
    return []
  }
}
