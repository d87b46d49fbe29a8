// Temporary files without a name, for bytes that do not fit into memory.

import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileHandle } from 'node:fs/promises'

// Node has no constant for it. The number is the same on all processors that Node runs on.
const TMPFILE = 0o20_000_000 | constants.O_DIRECTORY
const NOT_SUPPORTED = new Set(['EOPNOTSUPP', 'EISDIR', 'EINVAL'])

/**
 * Opens a new file that only this process can reach, to read and to write. The file has no name, so it disappears when
 * it is closed, and also if the process is killed. The caller closes the file.
 *
 * On Linux the file never has a name, if its file system offers that (`O_TMPFILE`). Elsewhere the file is unlinked
 * immediately after it was opened.
 *
 * @param directory default: the directory of the system for temporary files
 * @throws the error of the system, such as `ENOENT`, `EACCES` or `EMFILE`
 *
 * @see open(2)
 */
export async function openTemporaryFile(directory: string = tmpdir()): Promise<FileHandle> {
  if (process.platform !== 'linux') return openUnlinked(directory)
  try {
    return await open(directory, constants.O_RDWR | TMPFILE, 0o600)
  } catch (error) {
    if (NOT_SUPPORTED.has((error as NodeJS.ErrnoException).code ?? '')) {
      return openUnlinked(directory)
    }
    throw error
  }
}

async function openUnlinked(directory: string): Promise<FileHandle> {
  const path = join(directory, `isthmus-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  try {
    await unlink(path)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}
