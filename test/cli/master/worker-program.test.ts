// The directory and the program of new workers, with real links.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WorkerProgram } from '../../../src/cli/master/worker-program.ts'
import { Command, get, linesWith } from '../command.ts'

/** A folder with two releases, and a link to the first one. */
function releases(file: string, textOf: (release: number) => string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'isthmus-releases-')))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const release of [1, 2]) {
    mkdirSync(join(folder, String(release)))
    writeFileSync(join(folder, String(release), file), textOf(release))
  }
  switchTo(folder, 1)
  return folder
}

function switchTo(folder: string, release: number): void {
  rmSync(join(folder, 'current'), { force: true })
  symlinkSync(String(release), join(folder, 'current'))
}

const { argv } = process
const OWN = realpathSync('.')

describe('the program of new workers', () => {
  it('is in the directory that PWD names, if the master has started there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-link-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const link = join(folder, 'current')
    symlinkSync(OWN, link)
    const directoryFor = (PWD: string | undefined): string | undefined =>
      new WorkerProgram({ argv, cwd: () => OWN, env: { PWD } }).directory
    expect(directoryFor(link)).toBe(link)
    expect([directoryFor(undefined), directoryFor(folder), directoryFor('.')]).toEqual([
      OWN,
      OWN,
      OWN,
    ])
  })

  it('is that of the master, or the file that a deploy has put at its place', () => {
    const folder = releases('main.js', () => '')
    const [first, second] = [join(folder, '1/main.js'), join(folder, '2/main.js')]
    // The shell of the test has not started there, so that the name is given.
    const own = { argv: ['node', join(folder, 'current/main.js')], cwd: () => OWN, env: {} }
    const program = new WorkerProgram(own)
    switchTo(folder, 2)
    expect(program.file).toBe(first)
    rmSync(first)
    expect(realpathSync(program.file)).toBe(second)
    rmSync(second)
    expect(program.fault).toBe(`the file ${first} is gone`)
  })
})

const APP = `export default (environ, startResponse) => {
  startResponse('200 OK', [])
  return [NAME]
}`
const configOf = (release: number): string =>
  `export default { app: './app${release}.mjs', threads: 0 }`

describe('a deploy that switches a link', { timeout: 60_000 }, () => {
  it('reaches the app, the configuration file and the working directory of new workers; a missing one changes nothing', async () => {
    const folder = releases('isthmus.config.js', configOf)
    for (const release of [1, 2]) {
      const text = APP.replace('NAME', `'${release} ' + process.cwd()`)
      writeFileSync(join(folder, String(release), `app${release}.mjs`), text)
      writeFileSync(join(folder, String(release), 'package.json'), '{ "type": "module" }')
    }
    const current = join(folder, 'current')
    const words = ['serve', '--port', '0', '--no-access-log', '--workers', '1']
    using command = new Command(words, { PWD: current }, current)
    const url = await command.url()
    expect(await get(url, { connection: 'close' })).toBe(`1 ${join(folder, '1')}`)

    switchTo(folder, 2)
    command.signal('SIGHUP')
    await command.logs('"reloaded"')
    expect(await get(url, { connection: 'close' })).toBe(`2 ${join(folder, '2')}`)

    rmSync(current)
    command.signal('SIGHUP')
    const logged = await command.logs('the old workers stay')
    expect(linesWith('the old workers stay', logged)).toMatchObject([
      { msg: expect.stringContaining(`the working directory ${current} is gone`) },
    ])
    expect(await get(url, { connection: 'close' })).toBe(`2 ${join(folder, '2')}`)
  })
})
