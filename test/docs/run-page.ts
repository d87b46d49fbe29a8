// Runs the programs of a page that end by themselves, each in its own module, its files beside it.

import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeEnvironment } from './reader-python.ts'
import type { Page } from './page.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** The limit for all programs of a page, in ms. */
export const DEADLINE_MS = 60_000
const SEPARATOR = '\0'
// The manifest of `npm init -y` and `npm pkg set type=module`.
const MANIFEST = '{ "name": "reader", "version": "1.0.0", "type": "module" }\n'
// Express has no types of its own. These are enough for the pages.
const EXPRESS_TYPES = `declare module 'express' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http'
  interface Response {
    send(body: string): void
    json(body: object): void
  }
  interface App {
    use(handler: (req: IncomingMessage, res: ServerResponse, next: () => void) => void): App
    get(path: string, handler: (req: IncomingMessage, res: Response) => void): App
    listen(port: number): Server
  }
  export default function express(): App
}
`

/** The output of programs, expected and actual; the actual one includes errors. */
export interface Printed {
  expected: string[]
  actual: string[]
}

/** Runs all programs of `page` in a folder below `home`, one after the other in one process. */
export async function runPage(page: Page, home: string): Promise<Printed> {
  const folder = await folderOf(page, join(home, 'run'))
  await writePrograms(page, folder)
  const imports = page.programs.map((_program, index) => `await import('./program${index + 1}.ts')`)
  const main = imports.join(`\nprocess.stdout.write('\\0')\n`)
  await writeFile(join(folder, 'main.ts'), `${main}\nprocess.exit()\n`)

  const text = await outputOf(process.execPath, ['--import', 'tsx', 'main.ts'], folder)
  return {
    expected: page.programs.map(({ output }) => output ?? ''),
    actual: text.split(SEPARATOR),
  }
}

/** The errors of the compiler in the programs and files of `pages`; empty if there are none. */
export async function checkTypes(pages: readonly Page[], home: string): Promise<string> {
  const folder = join(home, 'types')
  for (const page of pages) {
    const own = await folderOf(page, folder)
    await writePrograms(page, own)
    await writeServers(page, own)
  }
  await writeFile(join(folder, 'express.d.ts'), EXPRESS_TYPES)
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      typeRoots: [join(ROOT, 'node_modules/@types')],
      isolatedDeclarations: false,
      declaration: false,
    },
    include: ['**/*.ts'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  return await outputOf(join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'], folder)
}

/** The errors of the compiler under the `tsconfig.json` that `page` shows; empty if there are none. */
export async function checkOwnTypes(page: Page, home: string): Promise<string> {
  const folder = await folderOf(page, join(home, 'own-types'))
  await writePrograms(page, folder)
  await writeServers(page, folder)
  const compiler = join(ROOT, 'node_modules/.bin/tsc')
  return await outputOf(compiler, ['--noEmit', '-p', 'tsconfig.json'], folder)
}

/** Makes a project for `page` in a folder of `parent`, with the files of the page, and returns its path. */
export async function folderOf({ path, files }: Page, parent: string): Promise<string> {
  const folder = join(parent, path.replaceAll(/\W/g, '-'))
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), MANIFEST)
  for (const { name, text } of files) await writeFile(join(folder, name), text)
  if (files.some(({ name }) => name.endsWith('.py'))) await makeEnvironment(folder)
  return folder
}

async function writePrograms({ programs }: Page, folder: string): Promise<void> {
  for (const [index, { text }] of programs.entries())
    await writeFile(join(folder, `program${index + 1}.ts`), text)
}

async function writeServers({ servers }: Page, folder: string): Promise<void> {
  for (const { names, text } of servers)
    for (const name of names) await writeFile(join(folder, name), text)
}

// Errors go into the output, and the comparison shows them.
function outputOf(command: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, timeout: DEADLINE_MS }, (error, stdout, stderr) => {
      resolve(error ? `${stdout}${stderr}` : stdout)
    })
  })
}
