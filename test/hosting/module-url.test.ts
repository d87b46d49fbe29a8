import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { InvalidOptionError, threadedMiddleware, threads, toSync } from 'isthmus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importExports } from '../../src/bridge/app-module.ts'
import { moduleUrl } from '../../src/hosting/module-url.ts'
import { ask, fixture, hosted } from './behaviour-host.ts'

describe('the module of an app', () => {
  it('may be a URL, the text of one, or an absolute path', () => {
    const url = new URL('file:///app/a%20b.js')
    expect(moduleUrl('threads', url)).toBe(url.href)
    expect(moduleUrl('threads', url.href)).toBe(url.href)
    expect(moduleUrl('threads', fileURLToPath(url))).toBe(url.href)
  })

  it('is loaded from an absolute path', async () => {
    const path = fileURLToPath(fixture('wrapped'))
    await using server = await hosted(threads(path, { max: 1, export: 'hello' }))
    expect(await ask(server)).toBe('hello')
  })

  it.each(['./x.js', '../x.js', 'x.js', 'package/x.js', 'https://example.com/x.js', '', 7])(
    'is refused with a remedy if it is %j',
    (module) => {
      for (const [name, make] of Object.entries({ threads, threadedMiddleware, toSync })) {
        const call = (): unknown => make(module as string)
        expect(call).toThrow(InvalidOptionError)
        expect(call).toThrow(`${name}(): the module cannot be ${JSON.stringify(module)}`)
        expect(call).toThrow(/write new URL\('\.\S+\.js', import\.meta\.url\)/)
      }
    },
  )

  it('is written in the refusal as it has to be', () => {
    const said = (module: string): string => {
      try {
        return moduleUrl('threads', module)
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(said('./legacy.ts')).toContain("write new URL('./legacy.ts', import.meta.url)")
    expect(said('jobs/legacy.ts')).toContain("path.join(__dirname, './jobs/legacy.ts')")
    expect(said('https://a.example/x.js')).toContain("write new URL('./app.js', import.meta.url)")
  })

  it('is refused with a remedy if it is the app itself', () => {
    const app = (): string[] => []
    expect(() => threads(app as never)).toThrow(
      'threads(): the module cannot be [Function: app], because a thread loads the module itself',
    )
  })
})

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PLACES = `
export const source: URL = new URL('./app.ts', import.meta.url)
export const compiled: URL = new URL('./app.js', import.meta.url)
`
const folder = mkdtempSync(join(tmpdir(), 'isthmus-modules-'))
const at = (name: string): URL => new URL(name, pathToFileURL(`${folder}/`))
afterAll(() => rmSync(folder, { recursive: true }))

describe('one spelling of the module of an app', () => {
  beforeAll(async () => {
    mkdirSync(at('src'))
    writeFileSync(at('package.json'), '{ "type": "module" }')
    writeFileSync(at('src/places.ts'), PLACES)
    writeFileSync(at('src/app.ts'), 'export default import.meta.url as string')
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const words = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node']
    const types = ['--typeRoots', join(ROOT, 'node_modules/@types')]
    const files = ['--outDir', 'compiled', 'src/places.ts', 'src/app.ts']
    await Promise.all([
      promisify(execFile)(process.execPath, [tsc, ...words, ...types, ...files], {
        cwd: folder,
        timeout: 30_000,
      }),
      build({
        entryPoints: [join(folder, 'src/places.ts'), join(folder, 'src/app.ts')],
        outdir: join(folder, 'bundle'),
        bundle: true,
        platform: 'node',
        format: 'esm',
      }),
    ])
  }, 60_000)

  it.each([
    ['under tsx', 'src/places.ts', 'src/app.ts'],
    ['after tsc', 'compiled/places.js', 'compiled/app.js'],
    ['in a bundle of esbuild', 'bundle/places.js', 'bundle/app.js'],
  ])('finds it %s', async (_way, places, app) => {
    const named = (await importExports(at(places).href)) as Record<'source' | 'compiled', URL>
    for (const place of [named.source, named.compiled]) {
      const url = moduleUrl('threads', place)
      expect(url).toBe(at(app).href)
      expect(await importExports(url)).toHaveProperty('default', url)
    }
  })

  it('finds it in vitest', async () => {
    const place = new URL('../fixtures/threads/behaviour-wrapped.js', import.meta.url)
    await using server = await hosted(threads(place, { max: 1, export: 'hello' }))
    expect(await ask(server)).toBe('hello')
  })

  it.each([
    ['a.ts', 'a.js'],
    ['b.mts', 'b.mjs'],
    ['c.cts', 'c.cjs'],
    ['d.tsx', 'd.js'],
    ['e.tsx', 'e.jsx'],
  ])('takes %s for %s and the reverse', (source, compiled) => {
    const names = [source, compiled]
    for (const [there, other] of [names, names.toReversed()]) {
      const file = at(String(there))
      writeFileSync(file, '')
      expect(moduleUrl('threads', at(`${other}?version=1`))).toBe(`${file.href}?version=1`)
      rmSync(file)
    }
    // Each name wins if its file is there, and stays if none is there.
    expect(moduleUrl('threads', at(source))).toBe(at(source).href)
    for (const name of names) writeFileSync(at(name), '')
    for (const name of names) expect(moduleUrl('threads', at(name))).toBe(at(name).href)
    for (const name of names) rmSync(at(name))
  })
})
