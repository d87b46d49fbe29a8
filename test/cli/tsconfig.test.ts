// Apps in TypeScript that are started from the root of a repository with many packages: each has its own tsconfig.json.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { get } from './command.ts'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const DEADLINE_MS = 30_000

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    paths: { '@lib/*': ['./src/lib/*'] },
    experimentalDecorators: true,
  },
}
// An old decorator gets the name of the field; a decorator without `experimentalDecorators` gets an object.
const APP = `
import { text } from '@lib/text'
let kind: string = ''
function decorator(_target: unknown, name: unknown): void { kind = typeof name }
class Decorated { @decorator field = 1 }
export default function app(environ: unknown, startResponse: Function): string[] {
  new Decorated()
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [\`\${text} \${kind}\`]
}
`

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'isthmus-packages-'))
  await write('package.json', { private: true })
  await write('tsconfig.json', { compilerOptions: { paths: {} } })
  for (const name of ['module', 'second', 'script']) {
    await write(`apps/${name}/package.json`, name === 'script' ? {} : { type: 'module' })
    await write(`apps/${name}/tsconfig.json`, TSCONFIG)
    await write(`apps/${name}/src/app.ts`, APP)
    await write(`apps/${name}/src/lib/text.ts`, `export const text: string = '${name}'`)
  }
})

afterAll(() => rm(root, { recursive: true }))

async function write(path: string, content: object | string): Promise<void> {
  const file = join(root, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
}

/** The bodies of `paths`, by a command that runs in the root of the repository. */
async function bodies(words: string[], paths: string[]): Promise<string[]> {
  const child = spawn(process.execPath, [MAIN, 'serve', ...words, '--port', '0'], { cwd: root })
  let errors = ''
  child.stderr.on('data', (chunk) => (errors += String(chunk)))
  try {
    const lines = createInterface({ input: child.stdout })
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const ready = once(lines, 'line', { signal }) as Promise<[string]>
    const [line] = await Promise.race([ready, once(child, 'close').then(() => [errors])])
    const url = line?.split(' ').at(-1) ?? ''
    if (!url.startsWith('http:')) throw new Error(line)
    return await Promise.all(paths.map((path) => get(url + path)))
  } finally {
    child.kill('SIGKILL')
  }
}

describe('the tsconfig.json of an app', { timeout: 60_000 }, () => {
  it.each(['0', '1'])('is the nearest one, not that of the root: %s threads', async (threads) => {
    const module = await bodies(['apps/module/src/app.ts', '--threads', threads], ['/'])
    const script = await bodies(['apps/script/src/app.ts', '--threads', threads], ['/'])
    expect([module, script]).toEqual([['module string'], ['script string']])
  })

  it('is its own if several apps are mounted', async () => {
    const mounts = ['--mount', '/b=apps/script/src/app.ts', '--mount', '/c=apps/second/src/app.ts']
    const words = ['apps/module/src/app.ts', ...mounts, '--threads']
    const texts = ['module string', 'script string', 'second string']
    expect(await bodies([...words, '0'], ['/', '/b', '/c'])).toEqual(texts)
    expect(await bodies([...words, '1'], ['/', '/b', '/c'])).toEqual(texts)
  })
})
