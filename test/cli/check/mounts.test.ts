// The rows of `isthmus check`: each app of a file, with the place where it would run.

import { expect, it } from 'vitest'
import { checkMounts } from '../../../src/cli/check/mounts.ts'
import { parseArguments } from '../parse-arguments.ts'
import type { ServeCommand } from '../../../src/cli/args.ts'

const FILE = 'test/fixtures/cli/mounts.ts'

/** `path style hosting` for each row. */
async function rowsOf(...words: string[]): Promise<string[]> {
  const command = parseArguments(['serve', ...words], {}) as ServeCommand
  const mounts = await checkMounts(command)
  return mounts.map(({ path, style, hosting }) => `${path} ${style} ${hosting}`)
}

it('names the apps inside of mount(), whose sync apps stay on the event loop', async () => {
  expect(await rowsOf(FILE, '--threads', '2')).toEqual([
    '/page sync event loop',
    '/deep events event loop',
  ])
})

it('names the hosting of each app of a table, and that of the sync apps by the command line', async () => {
  const rows = [
    '/inner/page sync event loop',
    '/inner/deep events event loop',
    '/hosted events threads()',
  ]
  expect(await rowsOf(`${FILE}#table`, '--threads', '2')).toEqual([...rows, '/ sync 2 threads'])
  expect(await rowsOf(`inline:${FILE}#table`)).toEqual([...rows, '/ sync event loop'])
  expect(await rowsOf(`${FILE}#table`, '--threads', '0')).toEqual(
    [...rows, '/ sync event loop'].map((row) => row.replace('threads()', 'event loop')),
  )
})

it('names the threads of an app that the command line puts there', async () => {
  expect(await rowsOf(`threads:${FILE}`, '--threads', '1')).toEqual([
    '/page sync 1 thread',
    '/deep events 1 thread',
  ])
})
