// The package as its users get it: packed, installed into an empty folder, imported, served, type-checked.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Page } from './docs/page.ts'
import { install, packInto } from './docs/reader-folder.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

const APP = `
export default function* (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield 'Hello, ' + environ.PATH_INFO
}
`

const SERVE = `
import { events, serve } from 'isthmus'
const app = events(async (scope, receive, send) => {
  await send({ type: 'http.response.start', status: 200, headers: [['content-type', 'text/plain']] })
  await send({ type: 'http.response.body', body: new TextEncoder().encode('served') })
})
const server = await serve(app, { port: 0, lifespan: 'off' })
const response = await fetch(server.url)
console.log(response.status, await response.text())
await server[Symbol.asyncDispose]()
`

const THREADS = `
import { serve, threads } from 'isthmus'
const app = threads(new URL('./hosted.mjs', import.meta.url), { max: 1 })
const server = await serve(app, { port: 0, lifespan: 'on' })
const response = await fetch(server.url + '/threads')
console.log(response.status, await response.text())
await server[Symbol.asyncDispose]()
`

const CONSUMER = `
import { mount, serve } from 'isthmus'
import type { EventApp, IterableApp, SyncApp } from 'isthmus'
import * as middleware from 'isthmus/middleware'
import * as testing from 'isthmus/testing'
import { follow } from 'isthmus/channels/client'
import type { FollowOptions } from 'isthmus/channels/client'

const classic: SyncApp = function* (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield environ.PATH_INFO
}
const feed: IterableApp = async function* (environ, startResponse) {
  startResponse('200 OK', [])
  yield new Uint8Array(await Promise.resolve(1))
}
const live: EventApp = async (scope, receive, send) => {
  if (scope.type === 'lifespan') return
  await receive()
  await send({ type: 'websocket.accept' })
}
export const options: FollowOptions<{ seat: number }> = { onMessage: ({ seat }) => console.log(seat + 1) }
export const page = (): string => follow('/live', options).positions
await using server = await serve(mount({ '/live': live, '/feed': feed, '/': classic }), { port: 0 })
export const kinds: [string, object, object] = [server.url, middleware, testing]
`

/** The oldest compiler that the types support, and the one of this repository. */
const OLD_COMPILER = 'typescript-5.2'
const COMPILERS = [OLD_COMPILER, 'typescript']

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const minute = 60_000

let home = ''
let packed: string[] = []

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'isthmus-package-'))
  const { archive, paths } = await packInto(home)
  packed = paths

  await writeFile(join(home, 'package.json'), '{ "private": true, "type": "module" }')
  await install(home, [archive, `${OLD_COMPILER}@npm:typescript@5.2.2`])
}, 3 * minute)

afterAll(() => rm(home, { recursive: true, force: true }))

describe('the package', { timeout: minute }, () => {
  it('holds the build, its declarations, the sources and the documents', () => {
    const folders = new Set(packed.map((path) => path.split('/', 1)[0] ?? ''))
    expect([...folders].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'benchmarks',
      'dist',
      'docs',
      'examples',
      'package.json',
      'src',
    ])

    const build = packed.filter((path) => path.startsWith('dist/'))
    expect(build).toEqual(
      expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js']),
    )
    expect(build.filter((path) => !/\.(js|d\.ts|d\.ts\.map)$/.test(path))).toEqual([
      'dist/hosting/python/isthmus_host.py',
      'dist/report/page/favicon.svg',
      'dist/report/page/page.css',
    ])
    const benchmarks = packed.filter((path) => /^benchmarks\/(?!results\/|README)/.test(path))
    expect(benchmarks).toEqual([])
  })

  it('has no dead link in its pages', () => {
    const installed = new URL('node_modules/isthmus/', pathToFileURL(`${home}/`))
    const names = packed.filter((path) => path.endsWith('.md'))
    expect(names).toEqual(expect.arrayContaining(['README.md', 'docs/serving.md']))

    const dead = names.flatMap((path) =>
      new Page(path, installed).links
        .filter((link) => !existsSync(new URL(link.split('#', 1)[0]!, new URL(path, installed))))
        .map((link) => `${path}: ${link}`),
    )
    expect(dead).toEqual([])
  })

  it('names no source map in a module, and only maps and sources that it holds in a declaration', async () => {
    const folder = join(home, 'node_modules/isthmus')
    const build = packed.filter((path) => /^dist\/.*\.(js|ts)$/.test(path) && !isHandWritten(path))
    const lost = build.map(async (path) => {
      const text = await readFile(join(folder, path), 'utf8')
      const [, name] = /^\/\/# sourceMappingURL=(.+)$/m.exec(text) ?? []
      if (path.endsWith('.js')) return name === undefined ? [] : [`${path} names ${name}`]
      if (name === undefined) return [`${path} has no map`]

      const map = join(folder, path, '..', name)
      const { sources } = JSON.parse(await readFile(map, 'utf8')) as { sources: string[] }
      const gone = sources.filter((source) => !existsSync(join(map, '..', source)))
      return gone.map((source) => `${path}: ${source}`)
    })
    expect((await Promise.all(lost)).flat()).toEqual([])
  })

  it('satisfies publint', async () => {
    const { messages } = await publint({ pkgDir: join(home, 'node_modules/isthmus'), pack: false })
    expect(messages.filter((message) => message.type !== 'suggestion')).toEqual([])
  })

  it('can be imported by every entry', async () => {
    const { exports } = await manifest()
    const entries = Object.keys(exports).filter((entry) => !entry.endsWith('.json'))
    expect(entries.length).toBeGreaterThan(0)

    const imports = entries.map(
      (entry) => `import ${JSON.stringify(entry.replace('.', 'isthmus'))}`,
    )
    expect(await runModule('entries.mjs', imports.join('\n'))).toBe('')
  })

  it('serves', async () => {
    expect(await runModule('serve.mjs', SERVE)).toBe('200 served\n')
  })

  it('starts workers by an expression that bundlers and file tracers find', async () => {
    const file = join(home, 'node_modules/isthmus/dist/hosting/gateway/start-worker.js')
    const text = await readFile(file, 'utf8')
    expect(text).toContain("new Worker(new URL('../thread/worker.js', import.meta.url), options)")
    await writeFile(join(home, 'hosted.mjs'), APP)
    expect(await runModule('threads.mjs', THREADS)).toBe('200 Hello, /threads\n')
  })

  it.each(COMPILERS)('declares its types for %s', async (compiler) => {
    await writeFile(join(home, 'consumer.ts'), CONSUMER)
    await copyFile(join(root, 'test/types/inference.ts'), join(home, 'inference.ts'))
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
    const language = ['--strict', '--target', 'es2022', '--lib', 'es2023,esnext.disposable']
    const options = ['--noEmit', '--module', 'nodenext', ...language, ...types]
    const folder = compiler === 'typescript' ? root : home
    const command = join(folder, 'node_modules', compiler, 'bin/tsc')
    const checked = run(process.execPath, [command, ...options, 'consumer.ts', 'inference.ts'], {
      cwd: home,
      timeout: minute,
    })
    // The compiler reports on stdout, which the error of execFile does not show.
    const { stdout } = await checked.catch((error: Error & { stdout: string }) => {
      throw new Error(`the types do not hold: ${error.stdout}`, { cause: error })
    })
    expect(stdout).toBe('')
  })
})

describe('the command', { timeout: minute }, () => {
  it('tells its version', async () => {
    const { stdout } = await run(command(), ['--version'], { cwd: home, timeout: minute })
    expect(stdout.trim()).toBe((await manifest()).version)
  })

  it('serves an app, tells its address, and ends with 0 on SIGTERM', async () => {
    await writeFile(join(home, 'app.mjs'), APP)
    const child = spawn(command(), ['serve', 'app.mjs', '--port', '0'], {
      cwd: home,
      timeout: minute,
    })
    const exit = once(child, 'exit')
    try {
      const ready = await firstLine(child)
      expect(ready).toMatch(/^isthmus listening on http:\/\/127\.0\.0\.1:\d+$/)

      const url = new URL('/world', ready.replace('isthmus listening on ', ''))
      const response = await fetch(url, { signal: AbortSignal.timeout(minute / 2) })
      expect([response.status, await response.text()]).toEqual([200, 'Hello, /world'])
    } finally {
      child.kill('SIGTERM')
    }
    expect(await exit).toEqual([0, null])
  })
})

function command(): string {
  return join(home, 'node_modules/.bin/isthmus')
}

async function manifest(): Promise<{ version: string; exports: Record<string, unknown> }> {
  const text = await readFile(join(home, 'node_modules/isthmus/package.json'), 'utf8')
  return JSON.parse(text) as { version: string; exports: Record<string, unknown> }
}

async function runModule(name: string, text: string): Promise<string> {
  await writeFile(join(home, name), text)
  const { stdout } = await run(process.execPath, [name], { cwd: home, timeout: minute })
  return stdout
}

async function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const lines = createInterface(child.stdout)
  for await (const line of lines) return line
  throw new Error(`the command ended without a ready line: ${complaints}`)
}

/** Whether a declaration is a source itself. */
function isHandWritten(path: string): boolean {
  return path.endsWith('.d.ts') && packed.includes(path.replace(/^dist/, 'src'))
}
