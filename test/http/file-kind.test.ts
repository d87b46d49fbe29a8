import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { irregularKind } from '../../src/http/file-kind.ts'

const folder = mkdtempSync(join(tmpdir(), 'file-kind-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('names each kind of file that is not regular', async () => {
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  const socket = join(folder, 'socket')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(socket, resolve))

  const kinds = [import.meta.filename, folder, fifo, socket, '/dev/null'].map((path) =>
    irregularKind(statSync(path)),
  )
  server.close()
  expect(kinds).toEqual([null, 'a directory', 'a FIFO', 'a socket', 'a character device'])
})
