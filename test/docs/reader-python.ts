// The Python of a reader: that of an environment in the folder, which has Flask and FastAPI.

import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pythonWith } from '../python/python-with.ts'
import type { FoundPython } from '../python/python-with.ts'

/** A Python with the packages of the pages; without one the programs that need it are left out. */
export const readerPython: FoundPython = pythonWith(['flask', 'fastapi'])

/** Whether the program or command `text` hosts an app of Python. */
export function hostsPython(text: string): boolean {
  return /\bpython[:(]/.test(text)
}

/** Makes the program of an environment in `folder`, as `python3 -m venv .venv` does. */
export async function makeEnvironment(folder: string): Promise<void> {
  if (readerPython.missing) return
  await mkdir(join(folder, '.venv/bin'), { recursive: true })
  await symlink(readerPython.python, join(folder, '.venv/bin/python')).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  })
}
