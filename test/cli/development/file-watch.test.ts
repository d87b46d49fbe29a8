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
    expect(changes).toEqual([])
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

  it('is reported when it is made in folders that were not there', async () => {
    watch.add([join(folder, 'none/deep/a.js')])
    mkdirSync(join(folder, 'none/deep'), { recursive: true })
    write('none/deep/a.js', '1')
    await change('none/deep/a.js')
    expect(errors).toEqual([])
  })

  it('is reported after its folder is removed, made anew, and replaced', async () => {
    mkdirSync(join(folder, 'lib'))
    write('lib/a.js', '1')
    watch.add([join(folder, 'lib/a.js')])
    rmSync(join(folder, 'lib'), { recursive: true })
    await change('lib/a.js')
    mkdirSync(join(folder, 'lib'))
    write('lib/a.js', '22')
    await change('lib/a.js')
    rmSync(join(folder, 'lib'), { recursive: true })
    mkdirSync(join(folder, 'lib'))
    write('lib/a.js', '333')
    await change('lib/a.js')
    mkdirSync(join(folder, 'new'))
    write('new/a.js', '4444')
    renameSync(join(folder, 'lib'), join(folder, 'old'))
    renameSync(join(folder, 'new'), join(folder, 'lib'))
    await change('lib/a.js')
    write('lib/a.js', '55555')
    await change('lib/a.js')
    expect(errors).toEqual([])
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
    // The files of a folder may come before the watch on it.
    mkdirSync(join(folder, 'made'))
    renameSync(join(folder, 'views/a.html'), join(folder, 'made/b.html'))
    renameSync(join(folder, 'made'), join(folder, 'new'))
    const seen = (name: string) => vi.waitUntil(() => changes.includes(name), { timeout: 20_000 })
    await seen('new/b.html')
    changes = []
    rmSync(join(folder, 'new'), { recursive: true })
    await seen('new/b.html')
    changes = []
    mkdirSync(join(folder, 'new'))
    write('new/b.html', '22')
    await seen('new/b.html')
    expect(errors).toEqual([])
  })
})
