// The place where a module threw while it was imported, in the errors of the Node that runs the tests.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { throwSite } from '../../src/cli/throw-site.ts'

const run = promisify(execFile)
const DEADLINE_MS = 30_000

// Imports a module in a plain Node process, and returns the error that it threw.
const IMPORTER = `
  await import(process.argv[1]).then(
    () => console.log('null'),
    ({ name, message, stack }) => console.log(JSON.stringify({ name, message, stack })),
  )
`

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-site-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The site that throws when the first of `files` is imported, without the folder. */
async function siteIn(files: Record<string, string>): Promise<string | undefined> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  const entry = join(folder, Object.keys(files)[0] ?? '')
  const words = ['--input-type=module', '--eval', IMPORTER, pathToFileURL(entry).href]
  const { stdout } = await run(process.execPath, words, { timeout: DEADLINE_MS })

  const thrown = JSON.parse(stdout) as { name: string; message: string; stack: string }
  const error = thrown.name === 'SyntaxError' ? new SyntaxError() : new Error()
  return throwSite(Object.assign(error, thrown), entry)?.replace(`${folder}/`, '')
}

describe('the site that threw', () => {
  it('is the line of the throw, in the module or in one that it imports', async () => {
    expect(await siteIn({ 'a.mjs': '\n\nthrow new Error("x")' })).toBe('a.mjs:3')
    const inner = { 'b.mjs': 'import "./in ner/c.mjs"', 'in ner/c.mjs': '\nnull.x' }
    expect(await siteIn(inner)).toBe('in ner/c.mjs:2')
    const called = 'function load() {\n  throw new RangeError("x")\n}\nload()'
    expect(await siteIn({ 'd.mjs': called })).toBe('d.mjs:2')
  })

  it('is found in CommonJS, and after an await', async () => {
    expect(
      await siteIn({ 'e.cjs': '\nrequire("./f.cjs")', 'f.cjs': '\n\nthrow new Error("x")' }),
    ).toBe('f.cjs:3')
    const awaits = 'async function load() {\n  await 1\n  throw new Error("x")\n}\nawait load()'
    expect(await siteIn({ 'g.mjs': awaits })).toBe('g.mjs:3')
  })

  it('is not mistaken for a place that the message names', async () => {
    const text = 'throw new Error("x\\n    at fake (/etc/fake.js:1:1) no\\n")'
    expect(await siteIn({ 'h.mjs': `\n${text}` })).toBe('h.mjs:2')
  })

  it('is the line that is no JavaScript', async () => {
    expect(await siteIn({ 'i.mjs': '\n\nexport default function ( {' })).toBe('i.mjs:3')
    expect(await siteIn({ 'j.cjs': '\nconst = 1' })).toBe('j.cjs:2')
  })

  it('is undefined for a missing module, and for a value that is no error', async () => {
    expect(await siteIn({ 'k.mjs': 'import "./nowhere.mjs"' })).toBeUndefined()
    expect(throwSite('a text', '/app.mjs')).toBeUndefined()
    expect(
      throwSite(Object.assign(new Error('x'), { stack: undefined }), '/app.mjs'),
    ).toBeUndefined()
  })
})
