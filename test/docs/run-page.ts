// Runs the programs of a page as a reader would: each in a module of its own, its files beside it.

import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { vi } from 'vitest'
import type { Page } from './page.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What a program is to print, and what it printed. */
export interface Printed {
  expected: string
  actual: string
}

/** Runs all programs of `page`, one after the other. */
export async function runPage(page: Page): Promise<Printed[]> {
  await using folder = await temporaryFolder()
  for (const { name, text } of page.files) await writeFile(join(folder.path, name), text)

  const printed: Printed[] = []
  for (const [index, { text, output }] of page.programs.entries()) {
    const path = join(folder.path, `program-${index + 1}.ts`)
    await writeFile(path, text)
    const actual = await printedBy(pathToFileURL(path).href)
    printed.push({ expected: output ?? '', actual })
  }
  return printed
}

/** What the compiler says of the programs and files of `pages`; empty when it has nothing to say. */
export async function checkTypes(pages: readonly Page[]): Promise<string> {
  await using folder = await temporaryFolder()
  for (const page of pages) {
    const prefix = page.path.replaceAll(/\W/g, '-')
    for (const [index, { text }] of page.programs.entries()) {
      await writeFile(join(folder.path, `${prefix}-${index + 1}.ts`), `${text}\nexport {}\n`)
    }
    for (const { name, text } of page.files) await writeFile(join(folder.path, name), text)
  }
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
  return await output(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder.path])
}

async function printedBy(url: string): Promise<string> {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
    lines.push(`${values.map(String).join(' ')}\n`)
  })
  try {
    await import(url)
  } finally {
    log.mockRestore()
  }
  return lines.join('')
}

async function output(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  await once(child, 'close')
  return text
}

// Its modules are ES modules, for the compiler and for the threads that load them.
async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'isthmus-docs-'))
  await writeFile(join(path, 'package.json'), '{ "type": "module" }\n')
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
