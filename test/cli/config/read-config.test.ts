// The configuration file on the disk: its place, and its possible contents.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readConfig } from '../../../src/cli/config/read-config.ts'
import { AppLoadError, InvalidOptionError } from '../../../src/errors.ts'
import { Started } from '../started.ts'
import type { ConfigValues } from '../../../src/cli/config/config-values.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-config-'))
  vi.spyOn(process, 'cwd').mockReturnValue(folder)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}

function read(given = {}, environment = {}): Promise<ConfigValues> {
  return readConfig({ given }, environment)
}

async function failure(given = {}): Promise<Error> {
  return read(given).then(
    () => new Error('was taken'),
    (error: unknown) => error as Error,
  )
}

describe('the configuration file', () => {
  it('is none without a file in the working directory', async () => {
    expect(await read()).toEqual({ file: null, app: undefined, groups: {} })
  })

  it('is that of the working directory, in JSON, JavaScript or TypeScript', async () => {
    write({ 'isthmus.config.json': '{ "port": 1 }' })
    expect(await read()).toMatchObject({
      file: 'isthmus.config.json',
      groups: { server: { port: 1 } },
    })
    rmSync(join(folder, 'isthmus.config.json'))
    write({ 'isthmus.config.js': 'module.exports = { port: 2 }' })
    expect(await read()).toMatchObject({
      file: 'isthmus.config.js',
      groups: { server: { port: 2 } },
    })
    rmSync(join(folder, 'isthmus.config.js'))
    write({ 'isthmus.config.ts': 'export default { port: 3 as number }' })
    expect(await read()).toMatchObject({
      file: 'isthmus.config.ts',
      groups: { server: { port: 3 } },
    })
  })

  it('may be a function, also an async one, that gets the mode', async () => {
    write({ 'a.mjs': 'export default async ({ mode }) => ({ host: mode })' })
    const groups = { server: { host: 'production' } }
    expect(await read({ config: 'a.mjs' })).toMatchObject({ file: 'a.mjs', groups })
  })

  it('is that of --config, or else of ISTHMUS_CONFIG', async () => {
    write({ 'a.json': '{ "port": 1 }', 'b.json': '{ "port": 2 }', 'isthmus.config.json': '{}' })
    expect((await read({ config: 'a.json' }, { ISTHMUS_CONFIG: 'b.json' })).file).toBe('a.json')
    expect((await read({}, { ISTHMUS_CONFIG: join(folder, 'b.json') })).file).toBe('b.json')
    expect((await read({ config: 'none' })).file).toBe(null)
  })

  it('is refused if it is not there, if there are two, or if it contains no object', async () => {
    expect(await failure({ config: 'x.ts' })).toMatchObject({
      message: '--config x.ts: there is no such file',
    })
    write({ 'isthmus.config.ts': '', 'isthmus.config.json': '[]' })
    expect(await failure()).toBeInstanceOf(InvalidOptionError)
    expect(await failure()).toMatchObject({
      message:
        'isthmus.config.ts and isthmus.config.json are both here; remove one, or choose with --config',
    })
    const remedy = 'must contain an object of options: export default defineConfig({ … })'
    for (const config of ['isthmus.config.ts', 'isthmus.config.json']) {
      expect((await failure({ config })).message).toContain(`${config} ${remedy}`)
    }
    write({ 'a.json': '{ port: 1 }' })
    expect((await failure({ config: 'a.json' })).message).toMatch(/^a\.json is no JSON: /)
  })

  it('is refused with the place of its own error', async () => {
    write({ 'a.mjs': '\nthrow new Error("no database")' })
    const error = await failure({ config: 'a.mjs' })
    expect(error).toBeInstanceOf(AppLoadError)
    expect(error.message).toBe(
      `cannot load ${join(folder, 'a.mjs')}: Error: no database (${join(folder, 'a.mjs')}:2)`,
    )
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('is refused with its name if its function throws or its promise rejects, or if they give no object', async () => {
    write({
      'throws.mjs': 'export default () => { throw new Error("no database") }',
      'rejects.mjs': 'export default async () => { throw new Error("no database") }',
      'promise.mjs': 'export default Promise.reject(new Error("no database"))',
      'nothing.mjs': 'export default async () => undefined',
      'nested.mjs': 'export default () => () => ({})',
    })
    for (const config of ['throws.mjs', 'rejects.mjs', 'promise.mjs']) {
      const error = await failure({ config })
      expect(error).toBeInstanceOf(AppLoadError)
      expect(error.message).toContain(`${join(folder, config)}: Error: no database`)
    }
    for (const config of ['nothing.mjs', 'nested.mjs']) {
      expect((await failure({ config })).message).toContain(`${config} must contain an object`)
    }
  })
})

describe('isthmus serve', () => {
  const main = join(import.meta.dirname, '../../../dist/cli/main.js')

  it('needs no further word in a folder with a configuration file, and logs its name', async () => {
    vi.restoreAllMocks()
    write({
      'app.mjs':
        "export default function* (environ, startResponse) { startResponse('200 OK', []); yield 'hello' }",
      'isthmus.config.json': '{ "app": "app.mjs", "port": 0, "threads": 0, "logFormat": "json" }',
    })
    using command = new Started(process.execPath, [main, 'serve'], { cwd: folder })
    expect(await (await fetch(await command.url())).text()).toBe('hello')
    expect(command.output).toContain('options from isthmus.config.json')
  })

  it('ends with status 2 for a wrong one', async () => {
    vi.restoreAllMocks()
    write({ 'isthmus.config.json': '{ "prot": 0 }' })
    using command = new Started(process.execPath, [main, 'serve', 'app.js'], { cwd: folder })
    expect(await command.status()).toBe(2)
    expect(command.output).toBe(
      'isthmus: isthmus.config.json: unknown option prot; did you mean port?\n',
    )
  })
})
