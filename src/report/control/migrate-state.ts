// The changes that came over the control socket: new workers make them too, and with --migrate-state a restart keeps them.

import { readFileSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isObject } from '../../complete-options.ts'
import { InvalidOptionError } from '../../errors.ts'
import { readChanges } from './migration-changes.ts'
import type { Log } from '../../contract/log.ts'
import type { LiveMigrations } from './live-migration.ts'
import type { MigrationChanges } from './migration-changes.ts'

const VERSION = 1

/** The changes by the path of their migration. The file has them in this form: `{ "version": 1, "migrations": { … } }`. */
export type Changes = Record<string, MigrationChanges>

/** The changes of the migrations of a server, in memory and in a file. */
export class MigrateState {
  readonly #file: string | null
  readonly #changes: Changes
  #written: Promise<void> = Promise.resolve()

  /**
   * Reads `file`; one that does not exist has no changes. Without a file the changes are in memory alone.
   *
   * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a file that cannot be read, or has another form
   */
  constructor(file: string | null) {
    this.#file = file
    this.#changes = file === null ? {} : readFile(file)
  }

  /** The changes so far. */
  get changes(): Readonly<Changes> {
    return this.#changes
  }

  /** Makes the changes of the file. */
  apply(migrations: LiveMigrations, log: Log): void {
    applyChanges(this.#changes, migrations, { source: this.#file ?? 'the control socket', log })
  }

  /**
   * Adds changes of the migration at `path` to the file. Resolves when they are on the disk.
   *
   * @throws the system's error if the file cannot be written
   */
  note(path: string, changes: MigrationChanges): Promise<void> {
    this.#changes[path] = { ...this.#changes[path], ...changes }
    const file = this.#file
    if (file === null) return this.#written
    const write = (): Promise<void> => writeFile(file, this.#changes)
    // One after the other, also after one that has failed.
    this.#written = this.#written.then(write, write)
    return this.#written
  }
}

/**
 * Makes `changes`. The log gets a line for each migration, and a warning for each path that has none: its changes are kept.
 *
 * @param source names the origin of the changes in the log
 */
export function applyChanges(
  changes: Readonly<Changes>,
  migrations: LiveMigrations,
  { source, log }: { source: string; log: Log },
): void {
  for (const [path, change] of Object.entries(changes)) {
    const migration = migrations.get(path)
    const fields = { path, ...change }
    if (migration) {
      migration.set(change)
      log.info(fields, `the migration at ${path} continues as ${source} says`)
    } else log.warn(fields, `${source} names ${path}, where no migration is mounted`)
  }
}

function readFile(file: string): Changes {
  const text = readText(file)
  if (text === null) return {}
  try {
    const { version, migrations } = JSON.parse(text) as Record<string, unknown>
    if (version !== VERSION) throw new Error(`its version is not ${VERSION}`)
    if (!isObject(migrations)) throw new Error('"migrations" is not an object')
    return Object.fromEntries(
      Object.entries(migrations).map(([path, changes]) => [path, readEntry(path, changes)]),
    )
  } catch (error) {
    const reason = `${(error as Error).message}; correct the file, or remove it`
    throw new InvalidOptionError(`--migrate-state ${file} cannot be used: ${reason}`)
  }
}

function readEntry(path: string, changes: unknown): MigrationChanges {
  try {
    return readChanges(changes)
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && isFolder(dirname(file))) return null
    throw new InvalidOptionError(`--migrate-state cannot be read: ${message}`)
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

// A crash leaves the file of before, or the new one. The mode is that of the control socket, which changes the same.
async function writeFile(file: string, migrations: Changes): Promise<void> {
  const draft = `${file}.${process.pid}.new`
  try {
    const handle = await open(draft, 'w', 0o600)
    try {
      await handle.writeFile(`${JSON.stringify({ version: VERSION, migrations }, null, 2)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
