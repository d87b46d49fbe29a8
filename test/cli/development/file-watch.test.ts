// The watch on files of a development server, with real files.

import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FileWatch } from '../../../src/cli/development/file-watch.ts'
import { globTest } from '../../../src/cli/development/glob.ts'

let folder = ''
let watch: FileWatch
let changes: string[] = []
let errors: Error[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-watch-'))
  changes = []
  errors = []
  watch = new FileWatch(
    (path) => changes.push(path.slice(folder.length + 1)),
    (error) => errors.push(error),
  )
})
afterEach(() => {
  watch.close()
  rmSync(folder, { recursive: true })
})

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text)
}

async function change(name: string): Promise<void> {
  await vi.waitUntil(() => changes.includes(name), { timeout: 20_000 })
  expect(new Set(changes)).toEqual(new Set([name]))
  changes = []
}

describe('a watched file', () => {
  it('is reported when it is written, replaced by a rename, removed, and made', async () => {
    write('a.js', '1')
    watch.add([join(folder, 'a.js'), join(folder, 'later.js')])
    write('a.js', '22')
    await change('a.js')
    write('a.js.tmp', '333')
    renameSync(join(folder, 'a.js.tmp'), join(folder, 'a.js'))
    await change('a.js')
    rmSync(join(folder, 'a.js'))
    await change('a.js')
    write('later.js', '1')
    await change('later.js')
  })

  it('is not reported for a change of its permissions, or of a file beside it', async () => {
    write('a.js', '1')
    write('b.js', '1')
    watch.add([join(folder, 'a.js')])
    chmodSync(join(folder, 'a.js'), 0o600)
    write('b.js', '22')
    // The order of the system is that of the changes, so the other two come before this one.
    write('a.js', '22')
    await vi.waitUntil(() => changes.length > 0, { timeout: 20_000 })
    expect(changes).toEqual(['a.js'])
  })

  it('is an error that is told if its folder is not there', () => {
    watch.add([join(folder, 'none/a.js')])
    expect(errors).toHaveLength(1)
  })
})

describe('a watched tree', () => {
  it('has the files that match, also in folders that are made later, and not those of packages', async () => {
    mkdirSync(join(folder, 'views'))
    mkdirSync(join(folder, 'node_modules'))
    watch.addTree({ folder, matches: globTest('**/*.html') })
    write('node_modules/a.html', '1')
    write('views/a.css', '1')
    write('views/a.html', '1')
    await vi.waitUntil(() => changes.length > 0, { timeout: 20_000 })
    expect(changes).toEqual(['views/a.html'])
    changes = []
    mkdirSync(join(folder, 'new'))
    // The folder is watched some moments later; each write is a further chance.
    let size = 0
    await vi.waitUntil(
      () => {
        write('new/b.html', 'x'.repeat((size += 1)))
        return changes.includes('new/b.html')
      },
      { timeout: 20_000, interval: 200 },
    )
    expect(errors).toEqual([])
  })
})
