// The build script replaces dist file by file, so that programs can run from dist during a build.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SCRIPT = join(ROOT, 'scripts/build.ts')
const TIMEOUT_MS = 60_000
const CONFIG = {
  compilerOptions: { module: 'nodenext', rootDir: 'src', types: [], isolatedDeclarations: false },
  include: ['src'],
}

let project = ''

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'isthmus-build-'))
  await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'), 'dir')
  await mkdir(join(project, 'src/inner'), { recursive: true })
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
  await writeFile(join(project, 'tsconfig.build.json'), JSON.stringify(CONFIG))
})

afterAll(() => rm(project, { recursive: true, force: true }))

describe('the build', { timeout: TIMEOUT_MS }, () => {
  beforeEach(async () => {
    await writeSource('index.ts', "export const name = 'first'\n")
    await writeSource('inner/kept.ts', 'export const kept = true\n')
    await build()
  }, TIMEOUT_MS)

  it('writes every module of src, and nothing beside dist', async () => {
    expect(await built()).toEqual(['index.js', 'inner', 'inner/kept.js'])
    expect(await readdir(project)).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^\.build-/)]),
    )
  })

  it('replaces the modules that changed, and leaves the others alone', async () => {
    const before = await inodeOf('inner/kept.js')
    await writeSource('index.ts', "export const name = 'second'\n")
    await build()
    expect(await readFile(join(project, 'dist/index.js'), 'utf8')).toContain('second')
    expect(await inodeOf('inner/kept.js')).toBe(before)
  })

  it('keeps a whole module at each path at each moment', async () => {
    const seen = new Set<string>()
    const building = { isOver: false }
    const read = async (): Promise<void> => {
      while (!building.isOver) seen.add(await readFile(join(project, 'dist/index.js'), 'utf8'))
    }
    await writeSource('index.ts', "export const name = 'second'\n")
    const reading = read()
    await build().finally(() => (building.isOver = true))
    await reading
    expect([...seen].filter((text) => !/name = '(?:first|second)';\n$/.test(text))).toEqual([])
  })

  it('makes a command executable, also after a change', async () => {
    await writeSource('index.ts', "#!/usr/bin/env node\nexport const name = 'first'\n")
    await build()
    await writeSource('index.ts', "#!/usr/bin/env node\nexport const name = 'second'\n")
    await build()
    expect(await modesOf('index.js', 'inner/kept.js')).toEqual([0o755, 0o644])
  })

  it('removes the module of a source that is gone', async () => {
    await writeSource('inner/old.ts', 'export const old = true\n')
    await build()
    expect(await built()).toContain('inner/old.js')

    await rm(join(project, 'src/inner/old.ts'))
    await build()
    expect(await built()).not.toContain('inner/old.js')
  })

  it('leaves dist as it is if the sources do not compile', async () => {
    await writeSource('index.ts', "export const name: number = 'third'\n")
    await expect(build()).rejects.toMatchObject({ stdout: expect.stringContaining('TS2322') })
    expect(await readFile(join(project, 'dist/index.js'), 'utf8')).toContain('first')
  })
})

it('is the script that npm runs before it packs and after it installs', async () => {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  expect(manifest.scripts['prepare']).toBe('npm run build')
  expect(manifest.scripts['build']).toBe('node --import tsx scripts/build.ts')
})

async function build(): Promise<void> {
  const words = ['--import', import.meta.resolve('tsx'), SCRIPT]
  await promisify(execFile)(process.execPath, words, { cwd: project, timeout: TIMEOUT_MS })
}

async function writeSource(path: string, text: string): Promise<void> {
  await writeFile(join(project, 'src', path), text)
}

async function built(): Promise<string[]> {
  const paths = await readdir(join(project, 'dist'), { recursive: true })
  return paths.toSorted()
}

function modesOf(...paths: string[]): Promise<number[]> {
  return Promise.all(
    paths.map(async (path) => (await stat(join(project, 'dist', path))).mode & 0o777),
  )
}

async function inodeOf(path: string): Promise<number> {
  return (await stat(join(project, 'dist', path))).ino
}
