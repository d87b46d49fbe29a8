// Watches files for a development server. Folders are watched and not files, because editors save by a rename.

import { readdirSync, statSync, watch } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { FSWatcher } from 'node:fs'

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
  #timer: NodeJS.Timeout | undefined

  constructor(onChange: (path: string) => void, onError: (error: Error) => void) {
    this.#onChange = onChange
    this.#onError = onError
  }

  /** Watches further files. */
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
    this.#walk(tree.folder)
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#folders.values()) watcher.close()
  }

  #walk(folder: string): void {
    this.#watchFolder(folder)
    for (const name of foldersIn(folder)) {
      if (this.#folders.size < MOST_FOLDERS) this.#walk(join(folder, name))
    }
  }

  #watchFolder(folder: string): void {
    if (this.#folders.has(folder)) return
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name !== null) this.#onEvent(join(folder, name))
      })
      watcher.on('error', () => this.#forget(folder))
      this.#folders.set(folder, watcher)
    } catch (error) {
      this.#onError(error as Error)
    }
  }

  #forget(folder: string): void {
    this.#folders.get(folder)?.close()
    this.#folders.delete(folder)
  }

  #onEvent(path: string): void {
    const trees = this.#trees.filter(({ folder }) => path.startsWith(`${folder}/`))
    const state = stateOf(path)
    if (
      state === FOLDER &&
      trees.length > 0 &&
      !SKIPPED.test(path.slice(path.lastIndexOf('/') + 1))
    ) {
      return this.#walk(path)
    }
    const isKnown = this.#files.has(path)
    if (!isKnown && !trees.some((tree) => tree.matches(relative(tree.folder, path)))) return
    // The system also reports files that were only touched by their permissions, and each write several times.
    if (isKnown && this.#files.get(path) === state) return
    this.#files.set(path, state)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onChange, QUIET_MS, path)
  }
}

const FOLDER = 'folder'

function stateOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return 'none'
  return found.isDirectory() ? FOLDER : `${found.mtimeMs} ${found.size} ${found.ino}`
}

function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    if (entries.some(({ name }) => name === 'pyvenv.cfg')) return []
    return entries
      .filter((one) => one.isDirectory() && !SKIPPED.test(one.name))
      .map(({ name }) => name)
  } catch {
    return []
  }
}
