// The files of one certificate of a server: their contents, and a stamp that changes with each of them.

import { readFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { InvalidOptionError } from '../../errors.ts'

/** The parts of TLS that come from files. */
export type Part = 'cert' | 'key' | 'ca' | 'crl' | 'passphraseFile'

/** The paths of the files; null for a part without a file. */
export type Paths = Readonly<Record<Part, string | null>>

/** The names of the parts in messages, such as their flags. */
export type PartNames = Readonly<Record<Part, string>>

/** The contents of the files; undefined for a part without a file. */
export type Contents = Readonly<Record<Part, Buffer | undefined>>

const PARTS: readonly Part[] = ['cert', 'key', 'ca', 'crl', 'passphraseFile']

/**
 * Reads all files at once, for the start.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) with the name of the part for a file that cannot be read
 */
export function readNow(paths: Paths, names: PartNames): Contents {
  const entries = PARTS.map((part) => {
    const path = paths[part]
    if (path === null) return [part, undefined]
    try {
      return [part, readFileSync(path)]
    } catch (error) {
      throw unreadable(names[part], path, error)
    }
  })
  return Object.fromEntries(entries) as Contents
}

/** Reads all files, and does not hold the event loop meanwhile: a file system of the network may be slow. */
export async function readLater(paths: Paths, names: PartNames): Promise<Contents> {
  const entries = PARTS.map(async (part) => {
    const path = paths[part]
    if (path === null) return [part, undefined]
    try {
      return [part, await readFile(path)]
    } catch (error) {
      throw unreadable(names[part], path, error)
    }
  })
  return Object.fromEntries(await Promise.all(entries)) as Contents
}

/** A text that changes when a file is written or replaced, also when a link on the way to it points elsewhere. */
export async function stampOf(paths: Paths): Promise<string> {
  const stamps = PARTS.map(async (part) => {
    const path = paths[part]
    if (path === null) return ''
    try {
      const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path)
      return [dev, ino, size, mtimeMs, ctimeMs].join(' ')
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code)
    }
  })
  return (await Promise.all(stamps)).join()
}

/** Whether the files have the same contents. */
export function areEqual(one: Contents, other: Contents): boolean {
  return PARTS.every((part) => {
    const [left, right] = [one[part], other[part]]
    return left === undefined || right === undefined ? left === right : left.equals(right)
  })
}

function unreadable(name: string, path: string, error: unknown): InvalidOptionError {
  // The system names the file for some of its errors only.
  const { message } = error as Error
  const place = message.includes(path) ? '' : ` (${path})`
  return new InvalidOptionError(`${name} cannot be read: ${message}${place}`)
}
