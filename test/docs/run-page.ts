// Runs the programs of a page as a reader would: with the built package, each in its own module, its
// files beside it.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from './page.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** The limit for all programs of a page, in ms. */
export const DEADLINE_MS = 30_000
const SEPARATOR = '\0'
// Express has no types of its own. These are enough for the pages.
const EXPRESS_TYPES = `declare module 'express' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http'
  interface App {
    use(handler: (req: IncomingMessage, res: ServerResponse, next: () => void) => void): App
    get(path: string, handler: (req: IncomingMessage, res: { send(body: string): void }) => void): App
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

/** Runs all programs of `page`, one after the other in one process. */
export async function runPage(page: Page): Promise<Printed> {
  await using folder = await projectFolder()
  await writeFiles(folder.path, page, '')
  const imports = page.programs.map((_program, index) => `await import('./program${index + 1}.ts')`)
  const main = imports.join(`\nprocess.stdout.write('\\0')\n`)
  await writeFile(join(folder.path, 'main.ts'), `${main}\nprocess.exit()\n`)

  const tsx = import.meta.resolve('tsx')
  const text = await outputOf(process.execPath, ['--import', tsx, 'main.ts'], folder.path)
  return {
    expected: page.programs.map(({ output }) => output ?? ''),
    actual: text.split(SEPARATOR),
  }
}

/** The errors of the compiler in the programs and files of `pages`; empty if there are none. */
export async function checkTypes(pages: readonly Page[]): Promise<string> {
  await using folder = await projectFolder()
  for (const page of pages) await writeFiles(folder.path, page, page.path.replaceAll(/\W/g, '-'))
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      typeRoots: [join(ROOT, 'node_modules/@types')],
      isolatedDeclarations: false,
      declaration: false,
    },
    include: ['*.ts'],
  }
  await writeFile(join(folder.path, 'tsconfig.json'), JSON.stringify(config))
  return await outputOf(join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'], folder.path)
}

async function writeFiles(folder: string, page: Page, prefix: string): Promise<void> {
  for (const { name, text } of page.files) await writeFile(join(folder, name), text)
  for (const [index, { text }] of page.programs.entries()) {
    await writeFile(join(folder, `${prefix}program${index + 1}.ts`), text)
  }
}

// Errors go into the output, and the comparison shows them.
function outputOf(command: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, timeout: DEADLINE_MS }, (error, stdout, stderr) => {
      resolve(error ? `${stdout}${stderr}` : stdout)
    })
  })
}

// A project of ES modules that depends on the package.
async function projectFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'isthmus-docs-'))
  await writeFile(join(path, 'package.json'), '{ "type": "module" }\n')
  await mkdir(join(path, 'node_modules'))
  await symlink(ROOT, join(path, 'node_modules/isthmus'), 'dir')
  // The pages about adapters import them, as their readers do.
  for (const name of ['express', 'helmet', 'hono'])
    await symlink(join(ROOT, `node_modules/${name}`), join(path, `node_modules/${name}`), 'dir')
  await writeFile(join(path, 'express.d.ts'), EXPRESS_TYPES)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
