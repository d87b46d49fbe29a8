// The directory and the program of new workers. A deploy that switches a symbolic link gives both new names.

import { existsSync, realpathSync, statSync } from 'node:fs'
import { isAbsolute, relative, resolve } from 'node:path'

/** The master of the workers. */
type Own = Pick<NodeJS.Process, 'argv' | 'cwd' | 'env'>

/** A worker starts as its master did, in the directory that has the same name now. */
export class WorkerProgram {
  /** The working directory by its name; undefined for that of the master, if the master cannot name it. */
  readonly directory: string | undefined
  readonly #files: readonly string[]

  /** Its caller is in the working directory of the start. */
  constructor(own: Own = process) {
    // The system knows a directory by its inode and forgets the link that led to it. Shells keep the name in PWD.
    this.directory = [own.env['PWD'], own.cwd()].find(isWorkingDirectory)
    const [, given = ''] = own.argv
    const inDirectory = resolve(this.directory ?? '', relative(own.cwd(), given))
    this.#files = [realPath(given), given, inDirectory]
  }

  /**
   * The file of the command: that of the master, because the messages between master and worker have no version. A deploy may
   * have removed it together with an old release; then the file that is at its place now.
   */
  get file(): string {
    return this.#files.find((file) => existsSync(file)) ?? ''
  }

  /** Why no worker can start here, as the end of a sentence; null if there is no such reason. */
  get fault(): string | null {
    const { directory } = this
    if (directory !== undefined && !isDirectory(directory)) {
      return `the working directory ${directory} is gone`
    }
    return this.file === '' ? `the file ${this.#files[0]} is gone` : null
  }
}

function isWorkingDirectory(path: string | undefined): boolean {
  if (path === undefined || !isAbsolute(path)) return false
  const [named, own] = [stateOf(path), stateOf('.')]
  return named !== undefined && named.ino === own?.ino && named.dev === own.dev
}

function isDirectory(path: string): boolean {
  return stateOf(path)?.isDirectory() ?? false
}

// A path that cannot be read is none.
function stateOf(path: string): ReturnType<typeof statSync> {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
